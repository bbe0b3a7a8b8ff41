/**
 * A growing Markdown text as its top-level blocks, so that only the last one is rendered anew with
 * each piece. Knows where blocks begin, not how they look.
 */
import remarkGfm from 'remark-gfm';
import remarkParse from 'remark-parse';
import { unified } from 'unified';

const PARSER = unified().use(remarkParse).use(remarkGfm).freeze();

/** Cuts one text, which grows from call to call; a text that is another begins anew. */
export class BlockCutter {
  private settled: string[] = [];
  private settledText = '';

  /** The blocks in order; together they are the text. */
  cut(text: string): readonly string[] {
    if (!text.startsWith(this.settledText)) {
      this.settled = [];
      this.settledText = '';
    }
    const open = text.slice(this.settledText.length);
    const places = settledPlaces(open);
    let from = 0;
    for (const place of places) {
      this.settled = [...this.settled, open.slice(from, place)];
      from = place;
    }
    this.settledText += open.slice(0, from);
    const rest = open.slice(from);
    return rest === '' ? this.settled : [...this.settled, rest];
  }
}

/**
 * Where blocks begin that end one which nothing can change any more. The last line of a text may
 * still become something else ("#" a heading or a hashtag), so only whole lines settle anything.
 */
function settledPlaces(text: string): number[] {
  const lines = text.slice(0, text.lastIndexOf('\n') + 1);
  const { children } = PARSER.parse(lines);
  return children.slice(1).map((block) => block.position?.start.offset ?? 0);
}

/** Whether blocks speak of each other, so that they must be rendered together. */
export function isInterwoven(text: string): boolean {
  return /^ {0,3}\[[^\]\n]+\]:/m.test(text);
}
