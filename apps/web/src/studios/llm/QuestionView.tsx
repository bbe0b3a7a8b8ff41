import { useEffect, useRef, useState } from 'react';
import { CopyButton } from '../../shared/ui/CopyButton';
import { Button } from '../../shared/ui/controls';
import { isEnter, isEscape } from '../../shared/ui/keys';
import type { Question } from './chat/message';
import type { MessageActions } from './messageActions';

/** What the person said, which can be said otherwise. */
export function QuestionView({
  question,
  fault,
  actions,
}: {
  question: Question;
  fault: string | undefined;
  actions: MessageActions;
}) {
  const [editing, setEditing] = useState(false);
  const edit = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(false);
  useEffect(() => {
    if (wasEditing.current && !editing) edit.current?.focus();
    wasEditing.current = editing;
  }, [editing]);
  if (editing) {
    return (
      <EditForm
        text={question.text}
        onCancel={() => setEditing(false)}
        onSend={(text) => {
          setEditing(false);
          actions.resend(question.id, text);
        }}
      />
    );
  }
  return (
    <>
      <div className="question">
        <span className="visually-hidden">You: </span>
        {question.text}
      </div>
      {fault && (
        <p className="field-error" role="alert">
          {fault}
        </p>
      )}
      <div className="message-actions">
        <CopyButton label="Copy message" text={() => question.text} />
        <button type="button" ref={edit} className="text-button" onClick={() => setEditing(true)}>
          Edit
        </button>
      </div>
    </>
  );
}

function EditForm({
  text,
  onSend,
  onCancel,
}: {
  text: string;
  onSend: (text: string) => void;
  onCancel: () => void;
}) {
  const [edited, setEdited] = useState(text);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  const send = () => {
    if (edited.trim() !== '') onSend(edited);
  };
  return (
    <form
      className="edit"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        aria-label="Edit your message"
        value={edited}
        onChange={(event) => setEdited(event.target.value)}
        onKeyDown={(event) => {
          if (!isEnter(event) && !isEscape(event)) return;
          event.preventDefault();
          if (event.key === 'Enter') send();
          else onCancel();
        }}
      />
      <div className="edit-actions">
        <span className="field-hint">What came after it is replaced.</span>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" kind="primary" disabled={edited.trim() === ''}>
          Send
        </Button>
      </div>
    </form>
  );
}
