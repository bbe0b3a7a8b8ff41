import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { DescribeModelResponseSchema } from '../../gen/atelier/llm/v1/llm_pb';
import {
  type ChatSettings,
  faultsOf,
  limitsOf,
  MODELS_OWN,
  readSettings,
  stopStrings,
} from './settings';

const loaded = create(DescribeModelResponseSchema, {
  contextLength: 4096,
  reproducible: true,
  defaults: { temperature: 0.2, topP: 0.9, maxTokens: 512 },
});

test('a model that is not loaded has told only how long its answers are', () => {
  const model = create(DescribeModelResponseSchema, { defaults: { maxTokens: 512 } });
  expect(limitsOf(model)).toEqual({
    temperature: null,
    topP: null,
    maxTokens: 512,
    contextLength: null,
    seedHolds: true,
  });
  expect(limitsOf(loaded)).toMatchObject({ temperature: 0.2, topP: 0.9, contextLength: 4096 });
});

test.each<[keyof ChatSettings, unknown]>([
  ['temperature', -0.1],
  ['temperature', 2.5],
  ['topP', 0],
  ['topP', 1.1],
  ['maxTokens', 0],
  ['maxTokens', 4097],
  ['maxTokens', 1.5],
  ['seed', -1],
  ['seed', 2 ** 32],
  ['stops', 'x'.repeat(257)],
  ['stops', Array.from({ length: 17 }, (_, index) => `s${index}`).join('\n')],
])('%s %j is refused before it is sent', (name, value) => {
  const faults = faultsOf({ ...MODELS_OWN, [name]: value }, limitsOf(loaded));
  expect(Object.keys(faults)).toEqual([name]);
});

test.each<[keyof ChatSettings, unknown]>([
  ['temperature', 0],
  ['temperature', 2],
  ['topP', 1],
  ['maxTokens', 4096],
  ['seed', 2 ** 32 - 1],
  ['stops', Array.from({ length: 16 }, (_, index) => `s${index}`).join('\n')],
])('%s %j is taken', (name, value) => {
  expect(faultsOf({ ...MODELS_OWN, [name]: value }, limitsOf(loaded))).toEqual({});
});

test('a seed is refused where no answer can be repeated', () => {
  const model = create(DescribeModelResponseSchema, { contextLength: 4096 });
  expect(faultsOf({ ...MODELS_OWN, seed: 7 }, limitsOf(model))).toHaveProperty('seed');
});

test('stop strings are lines, with signs for what a line cannot have', () => {
  expect(stopStrings('END\n\n\\n\\n## \n\\\\n\n\\x')).toEqual(['END', '\n\n## ', '\\n', '\\x']);
});

test('settings that were kept are read, and nonsense is none', () => {
  const chosen: ChatSettings = { ...MODELS_OWN, seed: 7, system: 'Be brief.' };
  expect(readSettings(JSON.parse(JSON.stringify(chosen)))).toEqual(chosen);
  expect(readSettings({ seed: 'seven', system: 3 })).toEqual(MODELS_OWN);
  expect(() => readSettings('nonsense')).toThrow(TypeError);
});
