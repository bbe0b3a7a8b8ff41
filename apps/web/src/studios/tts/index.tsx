import { ReadingStore } from './readings/ReadingStore';
import { SoundPlayer } from './sound/SoundPlayer';
import { TtsStudio } from './TtsStudio';
import './tts.css';

let store: ReadingStore | null = null;

/** The studio as a page. Its sounds live as long as the page, also while another is shown. */
export default function TtsStudioPage() {
  store ??= new ReadingStore(new SoundPlayer());
  return <TtsStudio store={store} />;
}
