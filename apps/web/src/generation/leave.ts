import type { OnLeave } from '../jobs/submitJob';

/** What may become of work when its person leaves, in the words of a choice. */
export const LEAVE_OPTIONS: readonly { value: OnLeave; label: string }[] = [
  { value: 'keep', label: 'keep working' },
  { value: 'drop', label: 'stop the work' },
];
