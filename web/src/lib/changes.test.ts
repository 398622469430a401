import { expect, it } from 'vitest';
import { differences } from './changes';

it('tells what differs, also deep inside, and nothing else', () => {
  expect(
    differences(
      { name: 'a', role: 'member', tags: ['x'], at: { city: 'Kyoto', zip: 1 } },
      { name: 'a', role: 'admin', tags: ['x', 'y'], at: { city: 'Osaka', zip: 1 } },
    ),
  ).toEqual([
    { key: 'role', before: 'member', after: 'admin' },
    { key: 'tags', before: ['x'], after: ['x', 'y'] },
    { key: 'at.city', before: 'Kyoto', after: 'Osaka' },
  ]);
});

it('takes a missing state for one without keys', () => {
  expect(differences(undefined, { name: 'a' })).toEqual([{ key: 'name', before: undefined, after: 'a' }]);
  expect(differences({ name: 'a' }, undefined)).toEqual([{ key: 'name', before: 'a', after: undefined }]);
  expect(differences(undefined, undefined)).toEqual([]);
});
