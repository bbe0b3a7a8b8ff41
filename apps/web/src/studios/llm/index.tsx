import { ChatStore } from './chat/ChatStore';
import { LlmStudio } from './LlmStudio';
import './llm.css';

let store: ChatStore | null = null;

/** The studio as a page. Its conversation lives as long as the page, also while another is shown. */
export default function LlmStudioPage() {
  store ??= new ChatStore();
  return <LlmStudio store={store} />;
}
