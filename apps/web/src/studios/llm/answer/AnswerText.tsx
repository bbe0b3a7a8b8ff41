import { useState } from 'react';
import { BlockCutter, isInterwoven } from './blocks';
import { Markdown } from './Markdown';

/** An answer's Markdown. While it grows, only its last block is rendered anew. */
export function AnswerText({ text, growing }: { text: string; growing: boolean }) {
  const [cutter] = useState(() => new BlockCutter());
  if (!growing && isInterwoven(text)) return <Markdown text={text} />;
  return cutter.cut(text).map((block, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a block stays at its place
    <Markdown key={index} text={block} />
  ));
}
