import { type RefObject, useId } from 'react';
import { Button } from '../../shared/ui/controls';
import { isEnter } from '../../shared/ui/keys';

/** Where one writes what to say next. */
export function Composer({
  text,
  onChange,
  isWriting,
  onSend,
  onStop,
  problem,
  field,
}: {
  text: string;
  onChange: (text: string) => void;
  isWriting: boolean;
  onSend: () => void;
  onStop: () => void;
  /** Why it was not sent. */
  problem: string | null;
  field: RefObject<HTMLTextAreaElement | null>;
}) {
  const id = useId();
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        onSend();
      }}
    >
      {problem && (
        <p className="field-error" role="alert">
          {problem}
        </p>
      )}
      <div className="composer-row">
        <textarea
          ref={field}
          id="message"
          aria-label="Message"
          aria-describedby={id}
          placeholder="Say something"
          rows={1}
          value={text}
          onChange={(event) => onChange(event.target.value)}
          onKeyDown={(event) => {
            if (!isEnter(event)) return;
            event.preventDefault();
            if (!isWriting) onSend();
          }}
        />
        {isWriting ? (
          <Button onClick={onStop}>Stop</Button>
        ) : (
          <Button type="submit" kind="primary" disabled={text.trim() === ''}>
            Send
          </Button>
        )}
      </div>
      <p id={id} className="field-hint composer-keys">
        <kbd>Enter</kbd> sends, <kbd>Shift</kbd>+<kbd>Enter</kbd> breaks the line, <kbd>Esc</kbd>{' '}
        stops the answer
      </p>
    </form>
  );
}
