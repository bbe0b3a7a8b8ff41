import { memo, startTransition, useEffect, useState } from 'react';
import type { ChatStore } from './chat/ChatStore';
import { type Conversation, canShrink } from './chat/conversation';
import type { Message } from './chat/message';
import { MessageItem } from './MessageItem';
import type { MessageActions } from './messageActions';

/** The conversation. A message is rendered anew only if it has changed itself. */
export const MessageList = memo(function MessageList({
  store,
  conversation,
  faults,
  seedHolds,
  actions,
}: {
  store: ChatStore;
  conversation: Conversation;
  faults: Readonly<Record<number, string>>;
  seedHolds: boolean;
  actions: MessageActions;
}) {
  const { messages, sentFrom } = conversation;
  const newest = useNewestFirst(messages.length);
  const lastId = messages.at(-1)?.id;
  return stretches(messages).map((stretch, index, all) => {
    if ((all.length - 1 - index) * STRETCH >= newest) return null;
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: a message stays in its stretch
      <ol key={index} className="messages">
        {stretch.map((message) => (
          <MessageItem
            key={message.id}
            message={message}
            store={store}
            isSent={message.id >= sentFrom}
            isFirstSent={message.id === sentFrom && sentFrom !== messages[0]?.id}
            isLast={message.id === lastId}
            canShorten={message.id === lastId && canShrink(conversation)}
            fault={faults[message.id]}
            seedHolds={seedHolds}
            actions={actions}
          />
        ))}
      </ol>
    );
  });
});

const STRETCH = 20;

/**
 * The messages in stretches, which the browser passes over as a whole when they are out of sight:
 * to look at each message with every frame would cost more than it saves.
 */
function stretches(messages: readonly Message[]): (readonly Message[])[] {
  const count = Math.ceil(messages.length / STRETCH);
  return Array.from({ length: count }, (_, index) =>
    messages.slice(index * STRETCH, (index + 1) * STRETCH),
  );
}

const AT_ONCE = 30;

/** How many of the newest are rendered: the rest of a long conversation follows without a jerk. */
function useNewestFirst(count: number): number {
  const [all, setAll] = useState(count <= AT_ONCE);
  useEffect(() => startTransition(() => setAll(true)), []);
  return all ? count : AT_ONCE;
}
