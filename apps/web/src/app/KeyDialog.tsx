import { useEffect, useState } from 'react';
import { offerKey, onKeyNeeded } from '../shared/api/key';
import { Dialog } from '../shared/ui/Dialog';

/** Asks for the API key where the gateway wants one. */
export function KeyDialog() {
  const [needed, setNeeded] = useState(false);
  const [key, setKey] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => onKeyNeeded(setNeeded), []);
  if (!needed) return null;
  const offer = async () => {
    const wrong = await offerKey(key);
    setProblem(wrong);
    setKey('');
  };
  return (
    <Dialog title="This gateway asks for a key">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void offer();
        }}
      >
        <label htmlFor="api-key">API key</label>
        <input
          id="api-key"
          type="password"
          autoComplete="current-password"
          value={key}
          onChange={(event) => setKey(event.target.value)}
        />
        {problem && <p role="alert">{problem}</p>}
        <button type="submit" className="button button-primary" disabled={key.trim() === ''}>
          Enter
        </button>
      </form>
    </Dialog>
  );
}
