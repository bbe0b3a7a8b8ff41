import { memo, startTransition, useEffect, useState } from 'react';
import type { ChatStore } from './chat/ChatStore';
import { type Conversation, canShrink } from './chat/conversation';
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
  return (
    <ol className="messages">
      {messages.slice(-newest).map((message) => (
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

const AT_ONCE = 30;

/** How many of the newest are rendered: the rest of a long conversation follows without a jerk. */
function useNewestFirst(count: number): number {
  const [all, setAll] = useState(count <= AT_ONCE);
  useEffect(() => startTransition(() => setAll(true)), []);
  return all ? count : AT_ONCE;
}
