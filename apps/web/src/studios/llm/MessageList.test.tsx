import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HealthGateway } from '../../testing/gateway';
import { FINISHED, ToyChat } from '../../testing/toyChat';
import { ChatStore } from './chat/ChatStore';
import { keepConversation } from './chat/history';
import type { Message } from './chat/message';

const counted = vi.hoisted(() => ({ buttons: 0 }));

// The real button, counted: a message that renders itself renders its button.
vi.mock(import('../../shared/ui/CopyButton'), async (original) => {
  const { CopyButton } = await original();
  return {
    CopyButton: (props) => {
      counted.buttons += 1;
      return <CopyButton {...props} />;
    },
  };
});

const { LlmStudio } = await import('./LlmStudio');
const { CapabilityHealthProvider } = await import('../../health/CapabilityHealthContext');

const OLD = 500;
const PIECES = 1_000;
const PIECES_A_FRAME = 5;

let gateway: HealthGateway;

beforeEach(() => {
  gateway = new HealthGateway();
  gateway.server.listen({ onUnhandledRequest: 'error' });
});
afterEach(() => {
  cleanup();
  gateway.server.close();
  sessionStorage.clear();
});

function oldMessages(): Message[] {
  return Array.from({ length: OLD }, (_, index) => {
    const id = index + 1;
    if (index % 2 === 0) return { role: 'user', id, text: `question ${id}` };
    const text = `answer **${id}**\n\n\`\`\`\nprint(${id})\n\`\`\``;
    return {
      role: 'assistant',
      id,
      text,
      state: 'complete',
      firstWordSeconds: 0.1,
      facts: null,
      failure: null,
    };
  });
}

test(`${PIECES} pieces render none of ${OLD} old messages again`, {
  timeout: 120_000,
}, async () => {
  keepConversation({ messages: oldMessages(), sentFrom: 0 });
  const model = new ToyChat();
  const store = new ChatStore(model.surroundings);
  render(
    <CapabilityHealthProvider>
      <LlmStudio store={store} />
    </CapabilityHealthProvider>,
  );
  await screen.findByText('question 1');
  // Not by role or label: those look long at a conversation of this length.
  const field = screen.getByPlaceholderText('Say something');
  fireEvent.change(field, { target: { value: 'One more' } });
  fireEvent.keyDown(field, { key: 'Enter' });

  // Each message has a button, and each old answer's code one more.
  expect(counted.buttons).toBeGreaterThanOrEqual(OLD * 1.5);
  counted.buttons = 0;
  for (let piece = 0; piece < PIECES; piece += PIECES_A_FRAME) {
    await act(async () => {
      for (let more = 1; more < PIECES_A_FRAME; more += 1) void model.text(`word ${piece + more} `);
      await model.text('.\n\n');
      model.frame();
    });
  }
  expect(screen.getByText(/word 999/)).toBeInTheDocument();
  expect(counted.buttons).toBe(0);

  await act(() => model.say(FINISHED, null));
  expect(await screen.findByText('Regenerate')).toBeInTheDocument();
  expect(counted.buttons).toBe(1);
});
