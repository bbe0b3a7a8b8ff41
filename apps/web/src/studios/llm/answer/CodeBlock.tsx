import type { ExtraProps } from 'react-markdown';
import { isRecord, textOf } from '../../../shared/api/json';
import { CopyButton } from '../../../shared/ui/CopyButton';

/** A block of code with its language, and a button that copies it as it stands. */
export function CodeBlock({ node }: ExtraProps) {
  const code = textIn(node).replace(/\n$/, '');
  const language = languageIn(node);
  return (
    <figure className="code-block">
      <figcaption>
        <span>{language || 'code'}</span>
        <CopyButton label="Copy code" text={() => code} />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what can be scrolled must be reachable */}
      <pre tabIndex={0}>
        <code>{code}</code>
      </pre>
    </figure>
  );
}

function textIn(node: unknown): string {
  if (!isRecord(node)) return '';
  const { children } = node;
  return textOf(node.value) + (Array.isArray(children) ? children.map(textIn).join('') : '');
}

function languageIn(node: ExtraProps['node']): string {
  const code = node?.children[0];
  const names = code?.type === 'element' ? code.properties.className : null;
  const first = Array.isArray(names) ? String(names[0]) : '';
  return first.replace(/^language-/, '');
}
