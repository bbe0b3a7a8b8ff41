/** The pages: where they are, what they are called, which light they have, how they load. */
import { type ComponentType, lazy } from 'react';

export interface Page {
  readonly path: string;
  readonly label: string;
  /** Where there is little room. */
  readonly short: string;
  readonly capability?: string;
  readonly Component: ComponentType;
}

export const PAGES: readonly Page[] = [
  {
    path: '/',
    label: 'Overview',
    short: 'All',
    Component: lazy(() => import('../studios/overview')),
  },
  {
    path: '/llm',
    label: 'LLM Studio',
    short: 'LLM',
    capability: 'llm',
    Component: lazy(() => import('../studios/llm')),
  },
  {
    path: '/tts',
    label: 'TTS Studio',
    short: 'TTS',
    capability: 'tts',
    Component: lazy(() => import('../studios/tts')),
  },
  {
    path: '/image',
    label: 'Image Studio',
    short: 'Image',
    capability: 'image',
    Component: lazy(() => import('../studios/image')),
  },
  {
    path: '/i2v',
    label: 'I2V Studio',
    short: 'I2V',
    capability: 'videogen',
    Component: lazy(() => import('../studios/i2v')),
  },
];
