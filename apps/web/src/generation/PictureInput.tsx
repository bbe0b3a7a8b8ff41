/** Takes a picture by click, drop anywhere on the page, or paste; shows it as the model sees it. */
import { useEffect, useId, useRef, useState } from 'react';
import { Button } from '../shared/ui/controls';
import { ACCEPTED } from './picture';
import type { Size } from './shapes';
import { useObjectUrl } from './useObjectUrl';
import type { PictureState } from './usePicture';

export function PictureInput({
  label,
  state,
  error,
  frame,
}: {
  label: string;
  state: PictureState;
  /** What the form or the gateway has against it. */
  error?: string;
  /** The size in which it will be used; null if nobody knows. */
  frame: Size | null;
}) {
  const { picture, take, clear } = state;
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const url = useObjectUrl(picture?.file ?? null);
  const over = useFiles((file) => take(file, file.name));
  const problem = state.problem ?? error;
  const cut = picture && frame && isCut(picture, frame);
  return (
    <div className="picture-input">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      <div className={over ? 'picture-zone picture-zone-over' : 'picture-zone'}>
        {/* A button of its own opens the choice; the field itself is what labels and errors name. */}
        <input
          ref={input}
          id={id}
          className="visually-hidden"
          type="file"
          accept={ACCEPTED}
          aria-invalid={problem !== undefined && problem !== null}
          aria-describedby={`${id}-note`}
          onChange={(event) => {
            const file = event.target.files?.[0];
            if (file) take(file, file.name);
            // So that the same file can be chosen again.
            event.target.value = '';
          }}
        />
        {picture && url ? (
          <div className="picture-chosen">
            <img
              src={url}
              alt={`Chosen: ${picture.name}`}
              style={frame ? { aspectRatio: `${frame.width} / ${frame.height}` } : undefined}
            />
            <div className="picture-actions">
              <Button onClick={() => input.current?.click()}>Change</Button>
              <Button onClick={clear}>Remove</Button>
            </div>
          </div>
        ) : (
          <button type="button" className="picture-empty" onClick={() => input.current?.click()}>
            <span className="picture-empty-title">Choose a picture</span>
            <span>or drop one anywhere, or paste it. PNG, JPEG or WebP.</span>
          </button>
        )}
      </div>
      <p id={`${id}-note`} className={problem ? 'field-error' : 'field-hint'} aria-live="polite">
        {problem ??
          (picture &&
            `${picture.width} × ${picture.height}${cut && frame ? `, cut to the shape of ${frame.width} × ${frame.height} as shown` : ''}`)}
      </p>
    </div>
  );
}

/** Hears of files that are dropped or pasted; tells whether some are held over the page. */
function useFiles(onFile: (file: File) => void): boolean {
  const [over, setOver] = useState(false);
  const listener = useRef(onFile);
  useEffect(() => {
    listener.current = onFile;
  }, [onFile]);
  useEffect(() => {
    const hold = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      // Otherwise the browser leaves the page to show the file.
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      const file = event.dataTransfer?.files[0];
      setOver(false);
      if (!file) return;
      event.preventDefault();
      listener.current(file);
    };
    const paste = (event: ClipboardEvent) => {
      const file = event.clipboardData?.files[0];
      if (!file) return;
      event.preventDefault();
      listener.current(file);
    };
    window.addEventListener('dragover', hold);
    window.addEventListener('dragleave', leave);
    window.addEventListener('drop', drop);
    window.addEventListener('paste', paste);
    return () => {
      window.removeEventListener('dragover', hold);
      window.removeEventListener('dragleave', leave);
      window.removeEventListener('drop', drop);
      window.removeEventListener('paste', paste);
    };
  }, []);
  return over;
}

/** As the workers see it: a difference of a tenth or less is not worth a word. */
function isCut(picture: Size, frame: Size): boolean {
  const ratio = picture.width / picture.height / (frame.width / frame.height);
  return Math.abs(Math.log(ratio)) > Math.log(1.1);
}
