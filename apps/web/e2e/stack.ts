/** Hands on the stack under test: breaks a model for real, kills and restarts processes. */
import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { stackUrl } from './browser';

const run = promisify(execFile);

export function given(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} must be set; see tests/e2e/test_studios.py`);
  return value;
}

type Breakable = 'image' | 'videogen';

/** Cuts a model's weights off and starts its worker anew, so that it has to read them. */
export async function breakModel(capability: Breakable): Promise<void> {
  const weights = given(`E2E_${capability.toUpperCase()}_WEIGHTS`);
  writeFileSync(weights, readFileSync(weights).subarray(0, 1000));
  await restart(capability);
}

/** Puts the weights back; the worker reads them with its next task. */
export function mendModel(capability: Breakable): void {
  const name = capability.toUpperCase();
  copyFileSync(given(`E2E_${name}_WHOLE_WEIGHTS`), given(`E2E_${name}_WEIGHTS`));
}

/** Ends and starts a process of the stack, and waits until it answers. */
export async function restart(name: string): Promise<void> {
  const python = given('E2E_PYTHON');
  const cwd = given('E2E_ROOT');
  await run(python, ['-m', 'services.cli', 'restart', name], { cwd });
}

export interface JobSeen {
  readonly state: string;
  readonly attempts: number;
}

/** A job as the gateway has it. */
export async function jobNow(id: string): Promise<JobSeen> {
  const answer = await fetch(stackUrl(`/v1/jobs/${id}`));
  return (await answer.json()) as JobSeen;
}
