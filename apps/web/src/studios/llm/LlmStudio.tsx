/** The LLM Studio: a conversation, and beside it how its answers are written. */
import { useRef, useState } from 'react';
import { StudioFrame } from '../../health/StudioFrame';
import { useModel } from '../../health/useModel';
import { textOf } from '../../shared/api/json';
import { useKept } from '../../shared/storage/useKept';
import { Button } from '../../shared/ui/controls';
import { Composer } from './Composer';
import type { ChatStore } from './chat/ChatStore';
import { MessageList } from './MessageList';
import { NothingSaid } from './NothingSaid';
import { SettingsPanel } from './SettingsPanel';
import { type ChatSettings, limitsOf, MODELS_OWN, readSettings, SETTING_NAMES } from './settings';
import { useChat } from './useChat';
import { useStickToBottom } from './useStickToBottom';

export function LlmStudio({ store }: { store: ChatStore }) {
  const model = useModel('llm');
  const limits = limitsOf(model);
  const [settings, setSettings] = useKept('atelier.llm.settings', readSettings, MODELS_OWN);
  const [text, setText] = useKept('atelier.llm.message', textOf, '');
  const [settingsOpen, setSettingsOpen] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const { scroller, content, isAtEnd, toEnd } = useStickToBottom();
  const change = (next: ChatSettings) => {
    setSettings(next);
    store.mended(SETTING_NAMES.filter((name) => next[name] !== settings[name]));
  };
  const chat = useChat({
    store,
    settings,
    limits,
    onSeed: (seed) => change({ ...settings, seed }),
    onRefused: () => setSettingsOpen(true),
  });
  const { conversation, settingFaults } = chat;
  const isEmpty = conversation.messages.length === 0;
  const isFaulty = Object.keys(settingFaults).length > 0;

  const send = () => {
    if (text.trim() === '' || !chat.send(text)) return;
    setText('');
    toEnd();
  };
  const actions = (
    <div className="chat-actions">
      {chat.cleared && <Button onClick={() => store.restore()}>Undo clearing</Button>}
      <Button disabled={isEmpty} onClick={() => store.clear()}>
        Clear
      </Button>
      <span className="settings-switch">
        <Button
          aria-expanded={settingsOpen}
          aria-controls="chat-settings"
          onClick={() => setSettingsOpen(!settingsOpen)}
        >
          {settingsOpen ? 'Chat' : 'Settings'}
        </Button>
      </span>
    </div>
  );

  return (
    <StudioFrame title="LLM Studio" capability="llm" actions={actions}>
      <div className="llm" data-settings={settingsOpen ? 'open' : 'closed'}>
        <div className="chat">
          <section
            ref={scroller}
            className="chat-log"
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what can be scrolled must be reachable
            tabIndex={0}
            aria-label="Conversation"
          >
            <div ref={content}>
              {isEmpty ? (
                <NothingSaid
                  model={model}
                  onPick={(example) => {
                    setText(example);
                    field.current?.focus();
                  }}
                />
              ) : (
                <>
                  <a className="to-composer" href="#message">
                    Past the messages
                  </a>
                  <MessageList
                    store={store}
                    conversation={conversation}
                    faults={chat.faults.messages}
                    seedHolds={limits.seedHolds}
                    actions={chat.actions}
                  />
                </>
              )}
            </div>
          </section>
          {!isAtEnd && (
            <div className="to-end">
              <Button onClick={toEnd}>To the newest</Button>
            </div>
          )}
          {chat.unkept > 0 && (
            <p className="field-hint">
              The browser has no room for more: a reload loses the oldest {chat.unkept} messages.
            </p>
          )}
          <Composer
            text={text}
            onChange={setText}
            isWriting={chat.isWriting}
            onSend={send}
            onStop={() => store.stop()}
            problem={isFaulty ? 'Some settings cannot be used: see what is marked there.' : null}
            field={field}
          />
        </div>
        <aside id="chat-settings" aria-label="Settings">
          <SettingsPanel
            model={model}
            limits={limits}
            settings={settings}
            onChange={change}
            faults={settingFaults}
          />
        </aside>
      </div>
      <p className="visually-hidden" role="status">
        {chat.news}
      </p>
    </StudioFrame>
  );
}
