// What people saved of a page: shared views first, then one's own. A view is the page's
// address; opening one is a step that Back takes back.
import { Button, Checkbox, Menu, Textarea, TextInput } from '@mantine/core';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api, unwrap } from '~/api/client';
import type { components } from '~/api/schema';
import { useTexts } from '~/i18n';
import { useIsAdmin } from '~/shell/Session';
import { type Search, stringifySearch, useUrl } from '~/url';
import { Dialog } from './Dialog';
import { ErrorState } from './ErrorState';
import { Icon } from './Icon';
import classes from './views.module.css';
import { texts } from './views.texts';

type SavedView = components['schemas']['SavedView'];
type ViewPage = components['schemas']['NewViewBody']['page'];

const viewsQuery = (page: ViewPage) =>
  queryOptions({
    queryKey: ['views', page],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/views', { params: { query: { page } }, signal })),
    staleTime: 60e3,
  });

/** What is longer than this stays out of the address: the view's id stands there instead. */
const LONG = 6000;

/** extra is what the view keeps beside the address: what is written and not run yet, or too
 * long to stand there. */
export function SavedViews({ page, extra }: { page: ViewPage; extra?: Search }) {
  const t = useTexts(texts);
  const router = useRouter();
  const [saving, setSaving] = useState(false);
  const [opened, setOpened] = useState(false);
  const q = useQuery({ ...viewsQuery(page), enabled: opened });
  const items = q.data?.items ?? [];
  const groups: [string, SavedView[]][] = [
    [t.shared, items.filter((v) => v.shared)],
    [t.own, items.filter((v) => !v.shared)],
  ];
  const open = (v: SavedView) => {
    const search = v.search.length > LONG && page === 'sql' ? `saved=${v.id}` : v.search;
    router.history.push(`${router.history.location.pathname}?${search}`);
    setOpened(false);
  };
  return (
    <>
      <Menu position="bottom-end" opened={opened} onChange={setOpened} closeOnItemClick={false}>
        <Menu.Target>
          <Button variant="default" rightSection={<Icon name="expand" size={12} />}>
            {t.views}
          </Button>
        </Menu.Target>
        <Menu.Dropdown className={classes.menu ?? ''}>
          {groups.map(
            ([name, views]) =>
              views.length > 0 && (
                <div key={name}>
                  <Menu.Label>{name}</Menu.Label>
                  {views.map((v) => (
                    <One key={v.id} view={v} page={page} onOpen={() => open(v)} />
                  ))}
                </div>
              ),
          )}
          {q.data && items.length === 0 && <div className={classes.none}>{t.none}</div>}
          {q.error && <ErrorState error={q.error} />}
          <Menu.Divider />
          <Menu.Item
            leftSection={<Icon name="plus" size={14} />}
            onClick={() => {
              setOpened(false);
              setSaving(true);
            }}
          >
            {t.save}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {saving && <Save page={page} extra={extra} onClose={() => setSaving(false)} />}
    </>
  );
}

function One({ view: v, page, onOpen }: { view: SavedView; page: ViewPage; onOpen: () => void }) {
  const t = useTexts(texts);
  const admin = useIsAdmin();
  const client = useQueryClient();
  // What is deleted is lost, to everybody if it is shared: the second press means it.
  const [sure, setSure] = useState(false);
  const remove = useMutation({
    mutationFn: () => unwrap(api.DELETE('/api/v1/views/{id}', { params: { path: { id: v.id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['views', page] }),
  });
  return (
    <>
      <div className={classes.one}>
        <Menu.Item onClick={onOpen} title={[v.note, v.search].filter(Boolean).join('\n')}>
          {v.name} {v.shared && !v.mine && v.owner && <span className="dim">{t.by(v.owner)}</span>}
          {v.note && <div className="dim">{v.note}</div>}
        </Menu.Item>
        {(v.mine || admin) && (
          <Menu.Item
            w="auto"
            aria-label={sure ? `${t.sure} ${t.remove(v.name)}` : t.remove(v.name)}
            title={t.remove(v.name)}
            disabled={remove.isPending}
            onClick={() => (sure ? remove.mutate() : setSure(true))}
            onBlur={() => setSure(false)}
          >
            {sure ? <span className="bad nowrap">{t.sure}</span> : <Icon name="trash" size={14} />}
          </Menu.Item>
        )}
      </div>
      {remove.error && <ErrorState error={remove.error} />}
    </>
  );
}

function Save({ page, extra, onClose }: { page: ViewPage; extra: Search | undefined; onClose: () => void }) {
  const t = useTexts(texts);
  const { search } = useUrl();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [note, setNote] = useState('');
  const [shared, setShared] = useState(false);
  const [range, setRange] = useState(search.from !== undefined);
  const save = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST('/api/v1/views', {
          body: {
            page,
            name: name.trim(),
            note: note.trim(),
            shared,
            search: written({ ...search, ...extra }, range),
          },
        }),
      ),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['views', page] });
      onClose();
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (name.trim() !== '') save.mutate();
  };
  return (
    <Dialog opened onClose={onClose} title={t.title}>
      <form className={classes.form} onSubmit={submit}>
        <TextInput
          data-autofocus
          label={t.name}
          placeholder={t.namePlaceholder}
          maxLength={100}
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
        />
        <Textarea
          label={t.note}
          maxLength={1000}
          autosize
          value={note}
          onChange={(e) => setNote(e.currentTarget.value)}
        />
        <Checkbox
          label={t.share}
          description={t.shareHint}
          checked={shared}
          onChange={(e) => setShared(e.currentTarget.checked)}
        />
        <Checkbox label={t.range} checked={range} onChange={(e) => setRange(e.currentTarget.checked)} />
        {save.error && <ErrorState error={save.error} />}
        <div className={classes.buttons}>
          <Button variant="default" onClick={onClose}>
            {t.cancel}
          </Button>
          <Button type="submit" loading={save.isPending} disabled={name.trim() === ''}>
            {t.saveIt}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** What is open or under way is no part of a view. */
function written(s: Search, range: boolean): string {
  const { row: _r, span: _s, tail: _t, paused: _p, saved: _v, from, to, ...rest } = s;
  return stringifySearch({ ...rest, ...(range ? { from, to } : {}) }).replace(/^\?/, '');
}
