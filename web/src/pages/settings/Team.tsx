// One team: its people, products and services, and what can be done with it.
import { Button, Checkbox, NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, unwrap } from '~/api/client';
import { usersQuery } from '~/api/queries';
import { useTexts } from '~/i18n';
import { useIsAdmin } from '~/shell/Session';
import { DataTable } from '~/ui/DataTable';
import { Dialog } from '~/ui/Dialog';
import { ErrorState } from '~/ui/ErrorState';
import { IconButton } from '~/ui/IconButton';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { useUrl } from '~/url';
import { Confirm } from './Confirm';
import classes from './settings.module.css';
import { TeamForm } from './Teams';
import { type Move, type TeamDetail, teamQuery, teamsQuery } from './teams.queries';
import { texts } from './teams.texts';

/** useTeamChange runs a change of teams and asks everything about them anew. */
function useTeamChange<V>(change: (v: V) => Promise<unknown>, done?: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => done?.(),
    onSettled: () =>
      Promise.all(
        ['teams', 'products', 'owners'].map((key) => client.invalidateQueries({ queryKey: [key] })),
      ),
  });
}

export function TeamPage({ team }: { team: string }) {
  const x = useTexts(texts);
  const { set } = useUrl();
  const admin = useIsAdmin();
  const q = useQuery(teamQuery(team));
  const [open, setOpen] = useState<'' | 'rename' | 'split' | 'merge' | 'remove'>('');
  const path = { team };
  const put = useTeamChange((v: { user: string; lead: boolean }) =>
    unwrap(
      api.PUT('/api/v1/teams/{team}/members/{user}', {
        params: { path: { ...path, user: v.user } },
        body: { lead: v.lead },
      }),
    ),
  );
  const out = useTeamChange((user: string) =>
    unwrap(api.DELETE('/api/v1/teams/{team}/members/{user}', { params: { path: { ...path, user } } })),
  );
  const remove = useTeamChange(
    () => unwrap(api.DELETE('/api/v1/teams/{team}', { params: { path } })),
    () => set({ team: '' }),
  );
  const drop = useTeamChange((product: string) =>
    unwrap(api.DELETE('/api/v1/products/{product}', { params: { path: { product } } })),
  );
  const back = (
    <button type="button" className={classes.link} onClick={() => set({ team: '' })}>
      ← {x.back}
    </button>
  );
  if (q.error && !q.data)
    return (
      <>
        {back}
        <ErrorState error={q.error} retry={() => void q.refetch()} />
      </>
    );
  if (!q.data) return <SkeletonRows rows={5} />;
  const d = q.data;
  const error = put.error ?? out.error ?? drop.error;
  return (
    <div className={classes.group}>
      <div>{back}</div>
      <div className={classes.head}>
        <div>
          <h2 className={classes.title}>{d.name}</h2>
          <p>
            <code>{d.slug}</code> {d.description}
          </p>
          {d.redirected_from && <p>{x.moved(d.redirected_from)}</p>}
          {d.former.length > 0 && (
            <p>
              {x.former}: {d.former.join(', ')}
            </p>
          )}
        </div>
        <span className={classes.actions}>
          {d.decides && (
            <Button variant="default" onClick={() => setOpen('rename')}>
              {x.rename}
            </Button>
          )}
          {admin && (
            <>
              <Button variant="default" onClick={() => setOpen('split')}>
                {x.split}
              </Button>
              <Button variant="default" onClick={() => setOpen('merge')}>
                {x.merge}
              </Button>
              <IconButton icon="trash" label={x.remove} onClick={() => setOpen('remove')} />
            </>
          )}
        </span>
      </div>
      {error && <ErrorState error={error} />}
      <h2>{x.members}</h2>
      {d.people.length === 0 && <p className="dim">{x.nobody}</p>}
      {d.people.length > 0 && (
        <div className={classes.table}>
          <DataTable
            caption={x.members}
            rows={d.people}
            rowKey={(m) => m.user_id}
            columns={[
              {
                id: 'name',
                header: x.person,
                cell: (m) => (
                  <>
                    <strong>{m.name}</strong> <span className="dim">{m.email}</span>
                  </>
                ),
              },
              { id: 'lead', header: x.lead, cell: (m) => (m.lead ? x.lead : x.member) },
              {
                id: 'source',
                header: x.source,
                cell: (m) => m.sources.map((s) => x.sources[s] ?? s).join(', '),
              },
              {
                id: 'act',
                header: <span className="visually-hidden">{x.change}</span>,
                cell: (m) =>
                  d.decides && (
                    <span className={classes.actions}>
                      {m.role !== 'operator' && (
                        <Button
                          variant="default"
                          onClick={() => put.mutate({ user: m.user_id, lead: !m.lead })}
                        >
                          {m.lead ? x.makeMember : x.makeLead}
                        </Button>
                      )}
                      <IconButton
                        icon="trash"
                        label={`${x.takeOut}: ${m.name}`}
                        onClick={() => out.mutate(m.user_id)}
                      />
                    </span>
                  ),
              },
            ]}
          />
        </div>
      )}
      {d.decides && <AddMember d={d} add={(user) => put.mutate({ user, lead: false })} />}
      <h2>{x.products}</h2>
      {d.owns.length === 0 && <p className="dim">{x.noProducts}</p>}
      <ul className={classes.plain}>
        {d.owns.map((p) => (
          <li key={p.id}>
            {p.name} <code>{p.slug}</code>{' '}
            {d.decides && (
              <IconButton
                icon="trash"
                label={`${x.removeProduct}: ${p.name}`}
                onClick={() => drop.mutate(p.id)}
              />
            )}
          </li>
        ))}
      </ul>
      {d.decides && <AddProduct team={d.id} />}
      <h2>{x.services}</h2>
      {d.services.length === 0 ? <p className="dim">{x.noServices}</p> : <p>{d.services.join(', ')}</p>}
      {open === 'rename' && (
        <TeamForm title={x.rename} action={x.save} team={d} onClose={() => setOpen('')} />
      )}
      {open === 'merge' && <Merge d={d} onClose={() => setOpen('')} />}
      {open === 'split' && <Split d={d} onClose={() => setOpen('')} />}
      {open === 'remove' && (
        <Confirm
          title={x.remove}
          text={x.removeText(d.name)}
          action={x.remove}
          pending={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate(undefined)}
          onClose={() => setOpen('')}
        />
      )}
    </div>
  );
}

function AddMember({ d, add }: { d: TeamDetail; add: (user: string) => void }) {
  const x = useTexts(texts);
  const users = useQuery(usersQuery);
  const [user, setUser] = useState('');
  const others = (users.data?.items ?? []).filter((u) => !d.people.some((p) => p.user_id === u.id));
  if (others.length === 0) return null;
  return (
    <div className={classes.row}>
      <NativeSelect
        label={x.addMember}
        value={user}
        onChange={(e) => setUser(e.currentTarget.value)}
        data={[
          { value: '', label: '' },
          ...others.map((u) => ({ value: u.id, label: `${u.name} (${u.email})` })),
        ]}
      />
      <Button
        variant="default"
        disabled={!user}
        onClick={() => {
          add(user);
          setUser('');
        }}
      >
        {x.addMember}
      </Button>
    </div>
  );
}

function AddProduct({ team }: { team: string }) {
  const x = useTexts(texts);
  const [name, setName] = useState('');
  const add = useTeamChange(
    () => unwrap(api.POST('/api/v1/products', { body: { name, team } })),
    () => setName(''),
  );
  return (
    <form
      className={classes.row}
      onSubmit={(e: FormEvent) => {
        e.preventDefault();
        add.mutate(undefined);
      }}
    >
      <TextInput
        label={x.addProduct}
        value={name}
        error={add.error?.message}
        onChange={(e) => setName(e.currentTarget.value)}
      />
      <Button type="submit" variant="default" disabled={!name.trim()} loading={add.isPending}>
        {x.addProduct}
      </Button>
    </form>
  );
}

/** What a split or a merger changes, before it is done. */
function Changes({ move }: { move: Move }) {
  const x = useTexts(texts);
  return (
    <ul>
      {move.members.length > 0 && (
        <li>
          {x.becomes(move.members.length, move.to.name)}: {move.members.map((m) => m.name).join(', ')}
        </li>
      )}
      {move.products.length > 0 && (
        <li>
          {x.productsMove(move.products.length)}: {move.products.map((p) => p.name).join(', ')}
        </li>
      )}
      {move.services.length > 0 && (
        <li>
          {x.servicesMove(move.services.length)}: {move.services.join(', ')}
        </li>
      )}
      <li className="dim">{x.nothingElse}</li>
    </ul>
  );
}

function Merge({ d, onClose }: { d: TeamDetail; onClose: () => void }) {
  const x = useTexts(texts);
  const { set } = useUrl();
  const teams = useQuery(teamsQuery);
  const [into, setInto] = useState('');
  const call = (preview: boolean) =>
    unwrap(
      api.POST('/api/v1/teams/{team}/merge', { params: { path: { team: d.id } }, body: { into, preview } }),
    );
  const preview = useMutation({ mutationFn: () => call(true) });
  const merge = useTeamChange(
    () => call(false),
    () => {
      onClose();
      set({ team: into });
    },
  );
  return (
    <Dialog opened onClose={onClose} title={x.mergeTitle(d.name)}>
      <div className={classes.group}>
        <p>{x.mergeText}</p>
        <NativeSelect
          label={x.into}
          value={into}
          data-autofocus
          onChange={(e) => {
            setInto(e.currentTarget.value);
            preview.reset();
          }}
          data={[
            { value: '', label: x.choose },
            ...(teams.data?.items ?? [])
              .filter((t) => t.id !== d.id)
              .map((t) => ({ value: t.id, label: t.name })),
          ]}
        />
        {(preview.error ?? merge.error) && <ErrorState error={preview.error ?? merge.error} />}
        {preview.data && <Changes move={preview.data} />}
        {preview.data ? (
          <Button color="red.8" loading={merge.isPending} onClick={() => merge.mutate(undefined)}>
            {x.merge}
          </Button>
        ) : (
          <Button disabled={!into} loading={preview.isPending} onClick={() => preview.mutate()}>
            {x.preview}
          </Button>
        )}
      </div>
    </Dialog>
  );
}

function Split({ d, onClose }: { d: TeamDetail; onClose: () => void }) {
  const x = useTexts(texts);
  const { set } = useUrl();
  const [name, setName] = useState('');
  const [slug, setSlug] = useState('');
  const [members, setMembers] = useState<string[]>([]);
  const [products, setProducts] = useState<string[]>([]);
  const [services, setServices] = useState<string[]>([]);
  const call = (preview: boolean) =>
    unwrap(
      api.POST('/api/v1/teams/{team}/split', {
        params: { path: { team: d.id } },
        body: { name, slug, members, products, services, preview },
      }),
    );
  const preview = useMutation({ mutationFn: () => call(true) });
  const split = useTeamChange(async () => {
    const move = await call(false);
    onClose();
    set({ team: move.to.id });
  });
  const change =
    <T,>(f: (v: T) => void) =>
    (v: T) => {
      preview.reset();
      f(v);
    };
  const pick = (label: string, value: string[], set: (v: string[]) => void, all: [string, string][]) =>
    all.length > 0 && (
      <Checkbox.Group label={label} value={value} onChange={change(set)}>
        {all.map(([v, l]) => (
          <Checkbox key={v} value={v} label={l} mt={4} />
        ))}
      </Checkbox.Group>
    );
  return (
    <Dialog opened onClose={onClose} title={x.splitTitle(d.name)}>
      <div className={classes.group}>
        <TextInput
          label={x.newName}
          value={name}
          data-autofocus
          onChange={(e) => change(setName)(e.currentTarget.value)}
        />
        <TextInput label={x.slug} value={slug} onChange={(e) => change(setSlug)(e.currentTarget.value)} />
        {pick(
          x.whoGoes,
          members,
          setMembers,
          d.people.map((p) => [p.user_id, p.name]),
        )}
        {pick(
          x.products,
          products,
          setProducts,
          d.owns.map((p) => [p.id, p.name]),
        )}
        {pick(
          x.services,
          services,
          setServices,
          d.services.map((s) => [s, s]),
        )}
        {(preview.error ?? split.error) && <ErrorState error={preview.error ?? split.error} />}
        {preview.data && <Changes move={preview.data} />}
        {preview.data ? (
          <Button loading={split.isPending} onClick={() => split.mutate(undefined)}>
            {x.split}
          </Button>
        ) : (
          <Button disabled={!name.trim()} loading={preview.isPending} onClick={() => preview.mutate()}>
            {x.preview}
          </Button>
        )}
      </div>
    </Dialog>
  );
}
