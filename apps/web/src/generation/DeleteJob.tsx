import { useState } from 'react';
import { deleteJob } from '../jobs/changeJob';
import { useJobs } from '../jobs/JobsContext';
import { ApiError } from '../shared/api/apiError';
import { Button } from '../shared/ui/controls';
import { Dialog } from '../shared/ui/Dialog';
import { ErrorNote } from '../shared/ui/ErrorNote';

/** Deletes a job with its files, once the person has said so twice. */
export function DeleteJob({
  id,
  what,
  onDeleted,
}: {
  id: string;
  /** "this picture", for example. */
  what: string;
  onDeleted: () => void;
}) {
  const { letGo } = useJobs();
  const [asked, setAsked] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const remove = async () => {
    setProblem(null);
    try {
      await deleteJob(id);
    } catch (error) {
      // Another tab was faster.
      const isGone = error instanceof ApiError && error.code === 'NOT_FOUND';
      if (!isGone) return setProblem(error);
    }
    setAsked(false);
    letGo(id);
    onDeleted();
  };
  return (
    <>
      <Button kind="danger" onClick={() => setAsked(true)}>
        Delete
      </Button>
      {asked && (
        <Dialog title={`Delete ${what}?`} onClose={() => setAsked(false)}>
          <p>It is removed from the gateway for good, for everybody who uses it.</p>
          {problem !== null && <ErrorNote error={problem} />}
          <div className="dialog-actions">
            <Button onClick={() => setAsked(false)}>Keep it</Button>
            <Button kind="danger" onClick={() => void remove()}>
              Delete
            </Button>
          </div>
        </Dialog>
      )}
    </>
  );
}
