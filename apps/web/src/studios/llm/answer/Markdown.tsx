/** Markdown as it may come from a model: no raw HTML, no foreign pictures, links that are safe. */
import { memo } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { CodeBlock } from './CodeBlock';

export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return (
    <ReactMarkdown remarkPlugins={PLUGINS} components={COMPONENTS} urlTransform={safeUrl}>
      {text}
    </ReactMarkdown>
  );
});

const PLUGINS = [remarkGfm];

/** The address if it is a web page's or a mail's, and none otherwise. */
function safeUrl(url: string): string {
  return /^(https?:|mailto:)/i.test(url) ? url : '';
}

function Link({ href, children }: { href?: string; children?: React.ReactNode }) {
  if (!href) return children;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

const COMPONENTS: Components = {
  a: ({ href, children }) => <Link href={href}>{children}</Link>,
  // A picture would tell its server who reads; it is loaded only if the person asks for it.
  img: ({ src, alt }) => (
    <Link href={typeof src === 'string' ? src : undefined}>{alt || src || 'picture'}</Link>
  ),
  pre: ({ node }) => <CodeBlock node={node} />,
  // A wide table is scrolled by itself, by keyboard too.
  table: ({ children }) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what can be scrolled must be reachable
    <section className="answer-table" tabIndex={0} aria-label="Table">
      <table>{children}</table>
    </section>
  ),
  input: ({ checked }) => (
    <input type="checkbox" checked={checked === true} readOnly aria-label="done" disabled />
  ),
  // The page's own headings come first.
  h1: ({ children }) => <h3>{children}</h3>,
  h2: ({ children }) => <h4>{children}</h4>,
  h3: ({ children }) => <h5>{children}</h5>,
  h4: ({ children }) => <h6>{children}</h6>,
  h5: ({ children }) => <h6>{children}</h6>,
};
