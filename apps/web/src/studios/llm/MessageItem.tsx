import { memo } from 'react';
import { AnswerView } from './AnswerView';
import type { ChatStore } from './chat/ChatStore';
import type { Message } from './chat/message';
import type { MessageActions } from './messageActions';
import { QuestionView } from './QuestionView';

interface Props {
  message: Message;
  store: ChatStore;
  /** Whether the model still gets it. */
  isSent: boolean;
  /** Whether those before it are left out. */
  isFirstSent: boolean;
  isLast: boolean;
  canShorten: boolean;
  fault: string | undefined;
  /** Whether the model would take the seed of an answer again. */
  seedHolds: boolean;
  actions: MessageActions;
}

export const MessageItem = memo(function MessageItem(props: Props) {
  const { message, isSent, isFirstSent, fault, actions } = props;
  return (
    <li className={`message message-${message.role}`} data-sent={isSent}>
      {isFirstSent && <p className="left-out">The model no longer gets the messages above.</p>}
      {message.role === 'user' ? (
        <QuestionView question={message} fault={fault} actions={actions} />
      ) : (
        <AnswerView
          answer={message}
          store={props.store}
          isLast={props.isLast}
          canShorten={props.canShorten}
          seedHolds={props.seedHolds}
          actions={actions}
        />
      )}
    </li>
  );
});
