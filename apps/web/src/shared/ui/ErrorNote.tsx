import { ApiError } from '../api/apiError';

/** Says what went wrong and what can be done, with what the gateway told. */
export function ErrorNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const told = error instanceof ApiError ? error : null;
  const text = error instanceof Error ? error.message : String(error);
  // A message often names its fields itself.
  const violations =
    told?.violations.filter(({ description }) => !text.includes(description)) ?? [];
  return (
    <div className="error-note" role="alert">
      <p>{text}</p>
      {violations.length > 0 && (
        <ul>
          {violations.map((violation) => (
            <li key={violation.field}>
              <code>{violation.field}</code>: {violation.description}
            </li>
          ))}
        </ul>
      )}
      {told && <p className="error-code">{[told.code, told.reason].filter(Boolean).join(' · ')}</p>}
      {told?.retryAfterSeconds != null && <p>Try again in {told.retryAfterSeconds} s.</p>}
      {onRetry && (
        <button type="button" className="button button-quiet" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
