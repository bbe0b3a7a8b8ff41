import { useCallback, useEffect, useRef, useState } from 'react';

/** How near the end counts as being there, in pixels. */
const NEAR = 40;

/** What a person does to scroll, or to go to something that is then scrolled to. */
const MEANT = ['wheel', 'touchmove', 'pointerdown', 'keydown', 'focusin'] as const;
/** How soon after it a scrolling that begins is theirs, in milliseconds. */
const SOON = 500;

/**
 * Keeps a scrolled element at its end while its content grows, but only if it is there: whoever
 * reads further up stays where they are. A browser also scrolls by itself, when it learns how high
 * something out of sight really is; so only what a person does leaves the end.
 */
export function useStickToBottom() {
  const scroller = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const sticks = useRef(true);
  const [isAtEnd, setIsAtEnd] = useState(true);

  const stick = useCallback((will: boolean) => {
    sticks.current = will;
    setIsAtEnd(will);
  }, []);

  const toEnd = useCallback(() => {
    const element = scroller.current;
    stick(true);
    if (element) element.scrollTop = element.scrollHeight;
  }, [stick]);

  useEffect(() => {
    const element = scroller.current;
    if (!element || !content.current) return;
    let meantAt = Number.NEGATIVE_INFINITY;
    let isTheirs = false;
    const meant = ({ timeStamp }: Event) => {
      meantAt = timeStamp;
    };
    const scrolled = ({ timeStamp }: Event) => {
      const { scrollTop, scrollHeight, clientHeight } = element;
      isTheirs ||= timeStamp - meantAt < SOON;
      if (scrollHeight - scrollTop - clientHeight < NEAR) stick(true);
      else if (isTheirs) stick(false);
    };
    const ended = () => {
      isTheirs = false;
    };
    const grown = new ResizeObserver(() => {
      if (sticks.current) element.scrollTop = element.scrollHeight;
    });
    grown.observe(content.current);
    grown.observe(element);
    for (const type of MEANT) element.addEventListener(type, meant, { passive: true });
    element.addEventListener('scroll', scrolled, { passive: true });
    element.addEventListener('scrollend', ended);
    return () => {
      grown.disconnect();
      for (const type of MEANT) element.removeEventListener(type, meant);
      element.removeEventListener('scroll', scrolled);
      element.removeEventListener('scrollend', ended);
    };
  }, [stick]);

  return { scroller, content, isAtEnd, toEnd };
}
