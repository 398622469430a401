// Whose each service is, and who says so.
import { Button, Checkbox, NativeSelect, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, unwrap } from '~/api/client';
import { useTexts } from '~/i18n';
import { useIsAdmin } from '~/shell/Session';
import { Ago } from '~/ui/Ago';
import { DataTable } from '~/ui/DataTable';
import { Dialog } from '~/ui/Dialog';
import { Empty } from '~/ui/Empty';
import { ErrorState } from '~/ui/ErrorState';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { useUrl } from '~/url';
import classes from './settings.module.css';
import { type Owner, ownersQuery, productsQuery, teamsQuery } from './teams.queries';
import { texts } from './teams.texts';

export function Owners() {
  const x = useTexts(texts);
  const { search, set } = useUrl();
  const admin = useIsAdmin();
  const q = useQuery(ownersQuery);
  const [changing, setChanging] = useState<Owner | null>(null);
  const [importing, setImporting] = useState(false);
  if (q.error && !q.data) return <ErrorState error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <SkeletonRows rows={5} />;
  const state = search.view ?? 'all';
  const wanted = (search.q ?? '').toLowerCase();
  const rows = q.data.items.filter(
    (o) =>
      o.service.toLowerCase().includes(wanted) &&
      (state !== 'unowned' || !o.team) &&
      (state !== 'problems' || o.problems.length > 0),
  );
  return (
    <>
      <div className={classes.head}>
        <p>{x.ownersText}</p>
        {admin && (
          <Button variant="default" onClick={() => setImporting(true)}>
            {x.importFile}
          </Button>
        )}
      </div>
      <div className={classes.head}>
        <TextInput
          aria-label={x.search}
          placeholder={x.search}
          value={search.q ?? ''}
          onChange={(e) => set({ q: e.currentTarget.value }, { replace: true })}
        />
        <SegmentedControl
          value={state}
          onChange={(view) => set({ view: view === 'all' ? '' : view }, { replace: true })}
          data={[
            { value: 'all', label: x.all },
            { value: 'unowned', label: x.unowned },
            { value: 'problems', label: x.conflicts },
          ]}
        />
      </div>
      {rows.length === 0 ? (
        <Empty title={x.noOwners} text={x.noOwnersText} />
      ) : (
        <div className={classes.table}>
          <DataTable
            caption={x.owners}
            rows={rows}
            rowKey={(o) => o.service}
            columns={[
              { id: 'service', header: x.service, cell: (o) => <strong>{o.service}</strong> },
              {
                id: 'team',
                header: x.team,
                cell: (o) => (
                  <Said
                    name={o.team?.name ?? x.nobodys}
                    from={o.team_from && (x.from[o.team_from] ?? o.team_from)}
                  />
                ),
              },
              {
                id: 'product',
                header: x.product,
                cell: (o) => (
                  <Said
                    name={o.product?.name ?? ''}
                    from={o.product_from && (x.from[o.product_from] ?? o.product_from)}
                  />
                ),
              },
              { id: 'said', header: x.said, cell: (o) => <Claims owner={o} /> },
              {
                id: 'act',
                header: <span className="visually-hidden">{x.change}</span>,
                cell: (o) =>
                  o.decides && (
                    <span className={classes.actions}>
                      <Button
                        variant="default"
                        onClick={() => setChanging(o)}
                        aria-label={`${x.change}: ${o.service}`}
                      >
                        {x.change}
                      </Button>
                    </span>
                  ),
              },
            ]}
          />
        </div>
      )}
      {changing && <Change owner={changing} onClose={() => setChanging(null)} />}
      {importing && <Import onClose={() => setImporting(false)} />}
    </>
  );
}

function Said({ name, from }: { name: string; from: string | undefined }) {
  return (
    <>
      {name} {from && <span className="dim">({from})</span>}
    </>
  );
}

function Claims({ owner }: { owner: Owner }) {
  const x = useTexts(texts);
  if (owner.claims.length === 0) return null;
  return (
    <details>
      <summary>
        {owner.claims.length}
        {owner.problems.length > 0 && (
          <span className="warn"> ⚠ {owner.problems.map((p) => x.problems[p] ?? p).join('; ')}</span>
        )}
      </summary>
      <ul className={classes.changes}>
        {owner.claims.map((c) => (
          <li key={`${c.source} ${c.document} ${c.service} ${c.place}`}>
            {x.from[c.source] ?? c.source} {c.document} {c.place}:{' '}
            {[c.team, c.product].filter(Boolean).join(' / ')}{' '}
            <span className="dim">
              {c.by} <Ago time={c.time} />
            </span>
            {c.problems.map((p) => (
              <span key={p} className="warn">
                {' '}
                ⚠ {x.claim[p] ?? p}
              </span>
            ))}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Change({ owner, onClose }: { owner: Owner; onClose: () => void }) {
  const x = useTexts(texts);
  const client = useQueryClient();
  const teams = useQuery(teamsQuery);
  const products = useQuery(productsQuery);
  const hand = owner.claims.find((c) => c.source === 'manual');
  const [team, setTeam] = useState(hand?.team ?? '');
  const [product, setProduct] = useState(hand?.product ?? '');
  const save = useMutation({
    mutationFn: () =>
      unwrap(api.PUT('/api/v1/owners', { body: { services: [owner.service], team, product } })),
    onSuccess: async () => {
      await Promise.all(['owners', 'teams'].map((key) => client.invalidateQueries({ queryKey: [key] })));
      onClose();
    },
  });
  const options = (all: { id: string; name: string }[] | undefined) => [
    { value: '', label: x.unsaid },
    ...(all ?? []).map((v) => ({ value: v.id, label: v.name })),
  ];
  return (
    <Dialog opened onClose={onClose} title={x.changeTitle(owner.service)}>
      <div className={classes.group}>
        <NativeSelect
          label={x.team}
          value={team}
          data-autofocus
          onChange={(e) => setTeam(e.currentTarget.value)}
          data={options(teams.data?.items)}
        />
        <NativeSelect
          label={x.product}
          value={product}
          onChange={(e) => setProduct(e.currentTarget.value)}
          data={options(products.data?.items)}
        />
        {save.error && <ErrorState error={save.error} />}
        <Button loading={save.isPending} onClick={() => save.mutate()}>
          {x.save}
        </Button>
      </div>
    </Dialog>
  );
}

function Import({ onClose }: { onClose: () => void }) {
  const x = useTexts(texts);
  const client = useQueryClient();
  const [form, setForm] = useState({ name: 'catalog-info.yaml', text: '', create: false });
  const call = (preview: boolean) =>
    unwrap(api.POST('/api/v1/owners/import', { body: { ...form, preview } }));
  const preview = useMutation({ mutationFn: () => call(true) });
  const run = useMutation({
    mutationFn: () => call(false),
    onSuccess: async () => {
      await Promise.all(
        ['owners', 'teams', 'products'].map((key) => client.invalidateQueries({ queryKey: [key] })),
      );
      onClose();
    },
  });
  const change = (patch: Partial<typeof form>) => {
    preview.reset();
    setForm({ ...form, ...patch });
  };
  const r = preview.data;
  return (
    <Dialog opened onClose={onClose} title={x.importFile} size="lg">
      <div className={classes.group}>
        <p>{x.importText}</p>
        <TextInput
          label={x.fileName}
          value={form.name}
          onChange={(e) => change({ name: e.currentTarget.value })}
        />
        <Textarea
          label={x.fileText}
          rows={12}
          value={form.text}
          data-autofocus
          onChange={(e) => change({ text: e.currentTarget.value })}
        />
        <Checkbox
          label={x.create}
          checked={form.create}
          onChange={(e) => change({ create: e.currentTarget.checked })}
        />
        {(preview.error ?? run.error) && <ErrorState error={preview.error ?? run.error} />}
        {r && (
          <ul>
            <li>
              {x.imported(r.claims)}: {r.services.join(', ')}
            </li>
            {r.teams.length + r.products.length > 0 && (
              <li>
                {x.makes}: {[...r.teams, ...r.products].join(', ')}
              </li>
            )}
            {r.unknown.length > 0 && (
              <li className="warn">
                {x.unknown}: {r.unknown.join(', ')}
              </li>
            )}
            {r.left.length > 0 && (
              <li className="dim">
                {x.left}: {r.left.join('; ')}
              </li>
            )}
          </ul>
        )}
        {r ? (
          <Button loading={run.isPending} onClick={() => run.mutate()}>
            {x.doImport}
          </Button>
        ) : (
          <Button disabled={!form.text.trim()} loading={preview.isPending} onClick={() => preview.mutate()}>
            {x.preview}
          </Button>
        )}
      </div>
    </Dialog>
  );
}
