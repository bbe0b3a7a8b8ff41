import { useEffect, useRef, useState } from 'react';
import type WaveSurfer from 'wavesurfer.js';
import type { Sound } from './sound/Sound';

const HEIGHT = 72;

/** The outline of a sound, as far as it has come, and where the player is in it. */
export function Waveform({
  sound,
  seconds,
  position,
}: {
  sound: Sound;
  /** How wide time is drawn: the whole sound's length, or what it is thought to become. */
  seconds: number;
  position: number;
}) {
  const holder = useRef<HTMLDivElement>(null);
  const [wave, setWave] = useState<WaveSurfer | null>(null);
  const [points, setPoints] = useState(0);

  useEffect(() => {
    let isGone = false;
    let made: WaveSurfer | null = null;
    // Loaded only by whoever hears something.
    void import('wavesurfer.js').then(({ default: Waves }) => {
      if (isGone || !holder.current) return;
      made = Waves.create({
        container: holder.current,
        height: HEIGHT,
        interact: false,
        hideScrollbar: true,
        barWidth: 2,
        barGap: 1,
        barRadius: 2,
        cursorWidth: 2,
        maxPeak: 1,
        ...coloursOf(holder.current),
      });
      setWave(made);
    });
    return () => {
      isGone = true;
      made?.destroy();
    };
  }, []);

  useEffect(() => {
    setPoints(sound.outline.length);
    // Many parts may come at once; a frame shows them all.
    let frame = 0;
    const grown = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => setPoints(sound.outline.length));
    };
    const unsubscribe = sound.subscribe(grown);
    return () => {
      cancelAnimationFrame(frame);
      unsubscribe();
    };
  }, [sound]);

  useEffect(() => {
    if (!wave || seconds <= 0) return;
    const outline = new Float32Array(Math.max(1, Math.ceil(seconds / sound.pointSeconds)));
    outline.set(sound.outline.slice(0, Math.min(points, outline.length)));
    // Another outline that comes meanwhile ends this one's loading, which is no failure.
    wave.load('', [outline], seconds).catch(() => {});
  }, [wave, sound, points, seconds]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new outline begins without a place
  useEffect(() => {
    if (wave && seconds > 0) wave.setTime(Math.min(position, seconds));
  }, [wave, position, seconds, points]);

  useEffect(() => {
    if (!wave) return;
    const recolour = () => holder.current && wave.setOptions(coloursOf(holder.current));
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const theme = new MutationObserver(recolour);
    scheme.addEventListener('change', recolour);
    theme.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      scheme.removeEventListener('change', recolour);
      theme.disconnect();
    };
  }, [wave]);

  return <div ref={holder} className="waveform" aria-hidden="true" />;
}

/** The page's own colours as a canvas takes them: worked out, not by their names. */
function coloursOf(element: HTMLElement) {
  const style = getComputedStyle(element);
  return {
    waveColor: style.color,
    progressColor: style.caretColor,
    cursorColor: style.caretColor,
  };
}
