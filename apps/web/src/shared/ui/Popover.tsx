import { type ReactNode, useRef, useState } from 'react';

/** A button whose details show on hover, on focus and on click; Escape hides them. */
export function Popover({
  id,
  label,
  content,
  children,
}: {
  id: string;
  label: string;
  content: ReactNode;
  children: ReactNode;
}) {
  const [open, setOpen] = useState(false);
  const [place, setPlace] = useState({ left: 0, top: 0 });
  const anchor = useRef<HTMLButtonElement>(null);
  const show = () => {
    const box = anchor.current?.getBoundingClientRect();
    if (box) setPlace(placed(box));
    setOpen(true);
  };
  const hide = () => setOpen(false);
  return (
    <>
      <button
        ref={anchor}
        type="button"
        className="popover-anchor"
        aria-label={label}
        aria-describedby={open ? id : undefined}
        onClick={show}
        onFocus={show}
        onBlur={hide}
        onPointerEnter={show}
        onPointerLeave={hide}
        onKeyDown={(event) => event.key === 'Escape' && hide()}
      >
        {children}
      </button>
      {open && (
        <div id={id} role="tooltip" className="popover" style={place}>
          {content}
        </div>
      )}
    </>
  );
}

const WIDTH = 320;
const HEIGHT = 260;

/** Beside the anchor where there is room, otherwise above or below it, inside the window. */
function placed(box: DOMRect): { left: number; top: number } {
  const beside = box.right + 12;
  if (beside + WIDTH < window.innerWidth) {
    return { left: beside, top: Math.max(8, Math.min(box.top - 8, window.innerHeight - HEIGHT)) };
  }
  const left = Math.max(8, Math.min(box.left, window.innerWidth - WIDTH - 8));
  const below = box.bottom + 8;
  return { left, top: below + HEIGHT < window.innerHeight ? below : Math.max(8, box.top - HEIGHT) };
}
