/** A language model for tests of the chat's store, without a gateway. */
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type StreamChatResponse, StreamChatResponseSchema } from '../gen/atelier/llm/v1/llm_pb';
import type { ChatRequestInit } from '../studios/llm/streamChat';

type Event = MessageInitShape<typeof StreamChatResponseSchema>['event'];

/** A model that says what the test tells it, and frames that come when the test says so. */
export class ToyChat {
  readonly requests: ChatRequestInit[] = [];
  aborted = 0;
  private frames: (() => void)[] = [];
  private time = 0;
  private wake = () => {};
  private queue: (Event | Error | null)[] = [];

  readonly surroundings = {
    stream: (request: ChatRequestInit, signal: AbortSignal) => this.stream(request, signal),
    onFrame: (callback: () => void) => {
      this.frames.push(callback);
    },
    clock: () => this.time,
  };

  say(...events: (Event | Error | null)[]): Promise<void> {
    this.queue.push(...events);
    this.wake();
    // All of it is read once nothing is left to do.
    return new Promise((resolve) => setTimeout(resolve));
  }

  text(...pieces: string[]): Promise<void> {
    return this.say(...pieces.map((value) => ({ case: 'text', value }) as const));
  }

  frame(): void {
    for (const callback of this.frames.splice(0)) callback();
  }

  pass(milliseconds: number): void {
    this.time += milliseconds;
  }

  private async *stream(
    request: ChatRequestInit,
    signal: AbortSignal,
  ): AsyncGenerator<StreamChatResponse, void> {
    this.requests.push(request);
    signal.addEventListener('abort', () => {
      this.aborted += 1;
      this.wake();
    });
    for (;;) {
      signal.throwIfAborted();
      const event = this.queue.shift();
      if (event === null) return;
      if (event instanceof Error) throw event;
      if (event) yield create(StreamChatResponseSchema, { event });
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}

export const FINISHED: Event = {
  case: 'finished',
  value: {
    finishReason: 'stop',
    seed: 7,
    model: 'toy',
    usage: { completionTokens: 5, tokensPerSecond: 12.5 },
  },
};
