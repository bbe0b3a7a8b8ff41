import { act, cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse, http } from 'msw';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  CapabilityHealthProvider,
  useCapabilityHealth,
} from '../../health/CapabilityHealthContext';
import { capability, HealthGateway } from '../../testing/gateway';
import { type Run, refusalOf, TaskStream } from '../../testing/taskStream';
import { ChatStore } from './chat/ChatStore';
import { LlmStudio } from './LlmStudio';

let gateway: HealthGateway;
let chat: TaskStream;
let model: Record<string, unknown>;

beforeEach(() => {
  gateway = new HealthGateway();
  chat = new TaskStream('/v1/llm/chat:stream');
  model = {
    model: { name: 'toy', state: 'loaded', device: 'cpu', parameters: 1e8 },
    context_length: 4096,
    reproducible: true,
    defaults: { temperature: 0.2, top_p: 0.9, max_tokens: 512 },
  };
  gateway.server.use(
    chat.handler,
    http.get('*/v1/llm/model', () => HttpResponse.json(model)),
  );
  gateway.server.listen({ onUnhandledRequest: 'error' });
});
afterEach(() => {
  cleanup();
  gateway.server.close();
  sessionStorage.clear();
});

function Light() {
  const { llm } = useCapabilityHealth().health;
  return <output aria-label="light">{`${llm?.state} ${llm?.reported ? 'reported' : ''}`}</output>;
}

async function openStudio(store = new ChatStore()) {
  const view = render(
    <CapabilityHealthProvider>
      <Light />
      <LlmStudio store={store} />
    </CapabilityHealthProvider>,
  );
  await screen.findByText('toy');
  await screen.findByText(/available|error/);
  return view;
}

const field = () => screen.getByRole('textbox', { name: 'Message' });
const setting = (name: string) => screen.getByRole('spinbutton', { name });

/** Says something, and gives the request that it makes. */
async function say(text: string): Promise<Run> {
  const next = chat.next();
  await userEvent.type(field(), `${text}{Enter}`);
  return next;
}

function finish(run: Run, more: object = {}): void {
  const usage = { completion_tokens: 12, tokens_per_second: 34.5 };
  run.send({ finished: { finish_reason: 'stop', seed: 77, model: 'toy', usage, ...more } });
  run.end();
}

async function answered(question: string, answer: string): Promise<Run> {
  const run = await say(question);
  run.send({ text: answer });
  finish(run);
  await screen.findByRole('button', { name: 'Regenerate' });
  return run;
}

describe('a conversation', () => {
  test('an answer is shown as it comes, and what it took at its end', async () => {
    gateway.now = gateway.now.map((known) =>
      known.name === 'llm' ? capability('llm', 'error') : known,
    );
    await openStudio();
    const run = await say('Hello');
    expect(run.body).toMatchObject({ messages: [{ role: 'user', content: 'Hello' }] });
    expect(field()).toHaveValue('');
    expect(screen.getByText('Waiting for the first word…')).toBeVisible();
    run.send({ queued: { position: 1 } });
    expect(await screen.findByText('Waiting at place 2…')).toBeVisible();
    run.send({ loading: { model: 'toy' } });
    expect(await screen.findByText('Loading the model toy…')).toBeVisible();
    run.send({ text: 'Good **day**' });
    expect(await screen.findByText('day')).toBeVisible();
    finish(run);
    expect(
      await screen.findByText(/34\.5 tokens\/s · first token after .* · 12 tokens/),
    ).toBeVisible();
    await waitFor(() =>
      expect(screen.getByLabelText('light')).toHaveTextContent('available reported'),
    );
    expect(await screen.findByText('The answer is complete.')).toBeInTheDocument();
  });

  test('the next question carries what was said before', async () => {
    await openStudio();
    await answered('Hello', 'Good day.');
    const run = await say('And now?');
    expect(run.body.messages).toEqual([
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Good day.' },
      { role: 'user', content: 'And now?' },
    ]);
  });

  test('Shift+Enter breaks the line', async () => {
    await openStudio();
    await userEvent.type(field(), 'one{Shift>}{Enter}{/Shift}two');
    expect(field()).toHaveValue('one\ntwo');
    expect(chat.runs).toHaveLength(0);
  });

  test('the Enter that ends a composition sends nothing', async () => {
    await openStudio();
    await userEvent.type(field(), 'にほん');
    fireEvent.keyDown(field(), { key: 'Enter', isComposing: true });
    fireEvent.keyDown(field(), { key: 'Enter', keyCode: 229 });
    expect(chat.runs).toHaveLength(0);
    expect(field()).toHaveValue('にほん');
    const next = chat.next();
    fireEvent.keyDown(field(), { key: 'Enter' });
    expect((await next).body.messages).toEqual([{ role: 'user', content: 'にほん' }]);
  });

  test('Escape stops, ends the work, and keeps what there is', async () => {
    await openStudio();
    const run = await say('Hello');
    run.send({ text: 'Half an ans' });
    await screen.findByText('Half an ans');
    await userEvent.keyboard('{Escape}');
    await run.broken;
    expect(await screen.findByText(/^Stopped · first token after/)).toBeVisible();
    expect(screen.getByText('Half an ans')).toBeVisible();
    expect(screen.getByLabelText('light')).not.toHaveTextContent('reported');
  });

  test('the Escape of a composition stops nothing', async () => {
    await openStudio();
    const run = await say('Hello');
    fireEvent.keyDown(field(), { key: 'Escape', isComposing: true });
    expect(screen.getByRole('button', { name: 'Stop' })).toBeVisible();
    await userEvent.click(screen.getByRole('button', { name: 'Stop' }));
    await run.broken;
  });

  test('leaving the studio ends the work', async () => {
    const store = new ChatStore();
    const view = await openStudio(store);
    const run = await say('Hello');
    run.send({ text: 'Half' });
    await screen.findByText('Half');
    view.unmount();
    await run.broken;
    expect(store.getSnapshot().conversation.messages[1]).toMatchObject({ state: 'stopped' });
  });

  test('a reload finds the conversation, the settings and what was half written', async () => {
    const view = await openStudio();
    await answered('Hello', 'Good day.');
    await userEvent.type(setting('Temperature'), '0.5');
    await userEvent.type(field(), 'half wri');
    view.unmount();
    await openStudio();
    expect(screen.getByText('Good day.')).toBeVisible();
    expect(field()).toHaveValue('half wri');
    expect(setting('Temperature')).toHaveValue(0.5);
  });

  test('another answer takes the place of the last one', async () => {
    await openStudio();
    await answered('Hello', 'Good day.');
    const next = chat.next();
    await userEvent.click(screen.getByRole('button', { name: 'Regenerate' }));
    const run = await next;
    expect(run.body.messages).toEqual([{ role: 'user', content: 'Hello' }]);
    run.send({ text: 'Hi there.' });
    finish(run);
    expect(await screen.findByText('Hi there.')).toBeVisible();
    expect(screen.queryByText('Good day.')).toBeNull();
  });

  test('a question can be said otherwise, which later messages do not outlive', async () => {
    await openStudio();
    await answered('Hello', 'Good day.');
    await answered('And now?', 'Now what.');
    await userEvent.click(screen.getAllByRole('button', { name: 'Edit' })[0] as HTMLElement);
    const edit = screen.getByRole('textbox', { name: 'Edit your message' });
    expect(edit).toHaveFocus();
    expect(edit).toHaveValue('Hello');
    const next = chat.next();
    await userEvent.clear(edit);
    await userEvent.type(edit, 'Good evening{Enter}');
    expect((await next).body.messages).toEqual([{ role: 'user', content: 'Good evening' }]);
    expect(screen.queryByText('Now what.')).toBeNull();
  });

  test('Escape leaves a question as it was, and does not stop the answer', async () => {
    await openStudio();
    const run = await say('Hello');
    await userEvent.click(screen.getByRole('button', { name: 'Edit' }));
    await userEvent.keyboard('nonsense{Escape}');
    expect(screen.getByText('Hello')).toBeVisible();
    expect(screen.getByRole('button', { name: 'Edit' })).toHaveFocus();
    expect(run.isBroken).toBe(false);
  });

  test('a message can be copied as it was written', async () => {
    const user = userEvent.setup();
    await openStudio();
    await answered('Hello', 'Good **day**.');
    await user.click(screen.getByRole('button', { name: 'Copy answer' }));
    expect(await navigator.clipboard.readText()).toBe('Good **day**.');
  });

  test('clearing can be undone', async () => {
    await openStudio();
    await answered('Hello', 'Good day.');
    await userEvent.click(screen.getByRole('button', { name: 'Clear' }));
    expect(screen.getByText('Say something to the model.')).toBeVisible();
    await userEvent.click(screen.getByRole('button', { name: 'Undo clearing' }));
    expect(screen.getByText('Good day.')).toBeVisible();
  });

  test('an example is put where one writes', async () => {
    await openStudio();
    await userEvent.click(screen.getByRole('button', { name: /capital of France/ }));
    expect(field()).toHaveValue('What is the capital of France?');
    expect(field()).toHaveFocus();
  });
});

describe('settings', () => {
  test('show the model with its own values, and send only what was chosen', async () => {
    await openStudio();
    expect(screen.getByText('loaded, cpu, 100 M parameters')).toBeVisible();
    expect(setting('Temperature')).toHaveAttribute('placeholder', '0.2');
    expect(setting('Max tokens')).toHaveAttribute('max', '4096');
    await userEvent.type(screen.getByRole('textbox', { name: 'System prompt' }), 'Be brief.');
    await userEvent.type(setting('Temperature'), '0');
    await userEvent.type(setting('Seed'), '7');
    await userEvent.type(screen.getByRole('textbox', { name: 'Stop strings' }), 'END{Enter}\\n');
    const run = await say('Hello');
    expect(run.body).toEqual({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello' },
      ],
      temperature: 0,
      seed: 7,
      stop: ['END', '\n'],
    });
  });

  test('go back to the model one by one', async () => {
    await openStudio();
    await userEvent.type(setting('Temperature'), '0.5');
    await userEvent.click(
      screen.getByRole('button', { name: "Reset Temperature to the model's own" }),
    );
    expect(setting('Temperature')).toHaveValue(null);
    expect((await say('Hello')).body).not.toHaveProperty('temperature');
  });

  test('the seed of an answer can be used again', async () => {
    await openStudio();
    await answered('Hello', 'Good day.');
    await userEvent.click(screen.getByRole('button', { name: 'Seed 77' }));
    expect(setting('Seed')).toHaveValue(77);
  });

  test('a model that cannot repeat an answer says so, before it is asked to', async () => {
    model = { ...model, reproducible: false };
    await openStudio();
    await answered('Hello', 'Good day.');
    expect(screen.queryByRole('button', { name: 'Seed 77' })).toBeNull();
    await userEvent.type(setting('Seed'), '7');
    expect(setting('Seed')).toHaveAccessibleDescription('This model cannot repeat an answer.');
  });

  test('what cannot be used is said at its field, and nothing is sent', async () => {
    await openStudio();
    await userEvent.type(setting('Temperature'), '9');
    expect(setting('Temperature')).toBeInvalid();
    expect(setting('Temperature')).toHaveAccessibleDescription('From 0 to 2.');
    await userEvent.type(field(), 'Hello{Enter}');
    expect(chat.runs).toHaveLength(0);
    expect(field()).toHaveValue('Hello');
    expect(screen.getByRole('alert')).toHaveTextContent(/Some settings cannot be used/);
  });
});

describe('what goes wrong', () => {
  test("the person's own mistake is said at its field, and not by the light", async () => {
    await openStudio();
    chat.refusal = { status: 400, body: refusalOf({ max_tokens: 'must be at most 12' }) };
    await say('Hello');
    await waitFor(() => expect(setting('Max tokens')).toBeInvalid());
    expect(setting('Max tokens')).toHaveAccessibleDescription('Must be at most 12.');
    // On a phone the settings take the chat's place.
    expect(screen.getByRole('button', { name: 'Chat' })).toHaveAttribute('aria-expanded', 'true');
    expect(screen.getByLabelText('light')).not.toHaveTextContent('reported');
    expect(screen.getByText('Hello')).toBeVisible();
    chat.refusal = null;
    await userEvent.type(setting('Max tokens'), '9');
    expect(setting('Max tokens')).toBeValid();
    const next = chat.next();
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect((await next).body).toMatchObject({ max_tokens: 9 });
  });

  test('a wrong message is marked where it stands', async () => {
    await openStudio();
    chat.refusal = {
      status: 400,
      body: refusalOf({ 'messages[0].content': 'has a NUL character' }),
    };
    await say('Hello');
    const item = (await screen.findByText('Has a NUL character.')).closest('li');
    expect(within(item as HTMLElement).getByText('Hello')).toBeVisible();
  });

  test('a real failure turns the light, keeps what was said, and can be tried again', async () => {
    await openStudio();
    const run = await say('Hello');
    run.send({ text: 'Half' });
    const details = [
      { '@type': 'x/google.rpc.ErrorInfo', reason: 'BROKEN', domain: 'llm.atelier' },
    ];
    run.fail({ code: 500, status: 'INTERNAL', message: 'the GPU is on fire', details });
    const note = await screen.findByRole('alert');
    expect(note).toHaveTextContent('the GPU is on fire');
    expect(note).toHaveTextContent('INTERNAL · BROKEN');
    expect(screen.getByText('Half')).toBeVisible();
    await waitFor(() => expect(screen.getByLabelText('light')).toHaveTextContent('error reported'));
    const next = chat.next();
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    finish(await next);
    await waitFor(() =>
      expect(screen.getByLabelText('light')).toHaveTextContent('available reported'),
    );
    expect(screen.getByText('The model ended without a word.')).toBeVisible();
  });

  test('a connection that breaks off says nothing of the capability', async () => {
    await openStudio();
    const run = await say('Hello');
    run.send({ text: 'Half' });
    await screen.findByText('Half');
    run.breakOff();
    expect(await screen.findByText('The gateway broke the stream off.')).toBeVisible();
    expect(screen.getByText('Half')).toBeVisible();
    expect(screen.getByLabelText('light')).not.toHaveTextContent('reported');
  });

  test('a full queue says when to come back', async () => {
    await openStudio();
    chat.refusal = {
      status: 429,
      body: {
        error: {
          status: 'RESOURCE_EXHAUSTED',
          message: 'too many tasks are waiting',
          details: [
            { '@type': 'x/google.rpc.ErrorInfo', reason: 'QUEUE_FULL', domain: 'llm.atelier' },
            { '@type': 'x/google.rpc.RetryInfo', retry_delay: '2.5s' },
          ],
        },
      },
    };
    await say('Hello');
    expect(await screen.findByText('It is worth trying again in 3 s.')).toBeVisible();
    expect(screen.getByLabelText('light')).not.toHaveTextContent('reported');
  });

  test('a conversation that is too long goes on without its older half', async () => {
    await openStudio();
    await answered('one', 'first');
    await answered('two', 'second');
    chat.refusal = {
      status: 400,
      body: refusalOf({ messages: 'have 5000 tokens' }, 'CONTEXT_TOO_LONG'),
    };
    await say('three');
    const button = await screen.findByRole('button', { name: 'Leave out older messages' });
    chat.refusal = null;
    const next = chat.next();
    await userEvent.click(button);
    expect((await next).body.messages).toEqual([{ role: 'user', content: 'three' }]);
    expect(screen.getByText('The model no longer gets the messages above.')).toBeVisible();
    expect(screen.getByText('first')).toBeVisible();
  });

  test('a worker that is away leaves the studio usable', async () => {
    await openStudio();
    act(() =>
      gateway.tell(capability('llm', 'unavailable', { unavailable_reason: 'connection refused' })),
    );
    expect(await screen.findByText(/You can try all the same/)).toBeVisible();
    expect((await say('Hello')).body.messages).toEqual([{ role: 'user', content: 'Hello' }]);
  });
});
