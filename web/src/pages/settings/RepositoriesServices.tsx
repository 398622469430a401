// What each service is built from. Those that nobody has chosen for come first, with the
// folders that are called like them.
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError, api, unwrap } from '~/api/client';
import { servicesQuery } from '~/api/queries';
import { useT, useTexts } from '~/i18n';
import { useIsAdmin } from '~/shell/Session';
import { type Binding, foldersQuery, type Repository } from '~/ui/code/code.queries';
import { type Column, DataTable } from '~/ui/DataTable';
import { Dialog } from '~/ui/Dialog';
import { ServiceLink } from '~/ui/EntityLink';
import { ErrorState } from '~/ui/ErrorState';
import { SkeletonRows } from '~/ui/SkeletonRows';
import classes from './repositories.module.css';
import { texts } from './repositories.texts';
import settings from './settings.module.css';

/** Each suggestion asks where a branch stands: beyond so many they wait for a click. */
const UNASKED = 12;

interface Row {
  service: string;
  binding: Binding | undefined;
  seen: boolean;
}

interface Props {
  repositories: Repository[];
  bindings: Binding[] | undefined;
}

export function RepositoriesServices({ repositories, bindings }: Props) {
  const t = useTexts(texts);
  const common = useT();
  const admin = useIsAdmin();
  const client = useQueryClient();
  const services = useQuery({ ...servicesQuery({ from: '-7d', to: 'now', env: '' }, 1), staleTime: 60e3 });
  const [asked, setAsked] = useState(false);
  const [choosing, setChoosing] = useState<Row | null>(null);
  const names = new Map(repositories.map((r) => [r.id, r.name]));
  const where = (b: { repository: string; folder: string }) =>
    [names.get(b.repository) ?? b.repository, b.folder].filter(Boolean).join(' / ');
  const bind = useMutation({
    mutationFn: (b: Binding & { was: Binding | undefined }) => {
      const { was: _, ...body } = b;
      return unwrap(api.PUT('/api/v1/code/bindings', { body }));
    },
    onSuccess: () => {
      setChoosing(null);
      return client.invalidateQueries({
        predicate: ({ queryKey: [a, b] }) => a === 'code' && (b === 'bindings' || b === 'locate'),
      });
    },
  });
  if (services.error && !services.data)
    return <ErrorState error={services.error} retry={() => void services.refetch()} />;
  if (!services.data || !bindings) return <SkeletonRows rows={6} />;
  const rows = rowsOf(
    services.data.items.map((s) => s.service),
    bindings,
  );
  const unbound = rows.filter((r) => !r.binding).length;
  const readable = repositories.filter((r) => r.problem === '');
  const suggests = admin && (asked || unbound * readable.length <= UNASKED);
  const done = bind.data && bind.variables;
  const columns: Column<Row>[] = [
    {
      id: 'service',
      header: t.service,
      cell: (r) => (
        <>
          <ServiceLink service={r.service} />
          {!r.seen && <div className="dim">{t.notSeen}</div>}
        </>
      ),
    },
    {
      id: 'repository',
      header: t.repository,
      cell: (r) =>
        r.binding ? (
          (names.get(r.binding.repository) ?? r.binding.repository)
        ) : (
          <span className="warn">{t.unbound}</span>
        ),
    },
    {
      id: 'folder',
      header: t.inFolder,
      cell: (r) =>
        r.binding ? (
          r.binding.folder ? (
            <span className="mono">{r.binding.folder}</span>
          ) : (
            <span className="dim">{t.whole}</span>
          )
        ) : suggests ? (
          <Suggestions
            service={r.service}
            repositories={readable}
            pending={bind.isPending}
            onChoose={(repository, folder) =>
              bind.mutate({ service: r.service, repository, folder, was: undefined })
            }
          />
        ) : null,
    },
  ];
  if (admin)
    columns.push({
      id: 'act',
      header: <span className="visually-hidden">{common.table.actions}</span>,
      cell: (r) => (
        <div className={settings.actions}>
          <Button
            size="compact-xs"
            variant="default"
            aria-label={`${r.binding ? t.change : t.choose}: ${r.service}`}
            onClick={() => setChoosing(r)}
          >
            {r.binding ? t.change : t.choose}
          </Button>
          {r.binding && (
            <Button
              size="compact-xs"
              variant="subtle"
              aria-label={t.forgetOf(r.service)}
              onClick={() => bind.mutate({ service: r.service, repository: '', folder: '', was: r.binding })}
            >
              {t.forget}
            </Button>
          )}
        </div>
      ),
    });
  return (
    <section aria-labelledby="code-services" className={classes.services}>
      <div className={settings.head}>
        <div>
          <h2 id="code-services">{t.services}</h2>
          <p>
            {t.servicesText} {unbound > 0 ? t.unboundCount(unbound) : rows.length > 0 ? t.allBound : ''}
          </p>
        </div>
        {admin && !suggests && unbound > 0 && readable.length > 0 && (
          <Button variant="default" onClick={() => setAsked(true)}>
            {t.suggest}
          </Button>
        )}
      </div>
      <div role="status">
        {done && (
          <p className={classes.done}>
            {done.repository ? t.saved(done.service, where(done)) : t.forgotten(done.service)}{' '}
            <Button
              size="compact-xs"
              variant="subtle"
              loading={bind.isPending}
              onClick={() =>
                bind.mutate({
                  service: done.service,
                  repository: done.was?.repository ?? '',
                  folder: done.was?.folder ?? '',
                  was: done.repository ? { ...done } : undefined,
                })
              }
            >
              {t.undo}
            </Button>
          </p>
        )}
      </div>
      {bind.error && !choosing ? <ErrorState error={bind.error} /> : null}
      {rows.length === 0 ? (
        <p className="dim">{t.noServices}</p>
      ) : (
        <div className={settings.table}>
          <DataTable caption={t.services} rows={rows} rowKey={(r) => r.service} columns={columns} />
        </div>
      )}
      {choosing && (
        <Choose
          row={choosing}
          repositories={repositories}
          pending={bind.isPending}
          error={bind.error}
          onSave={(repository, folder) =>
            bind.mutate({ service: choosing.service, repository, folder, was: choosing.binding })
          }
          onClose={() => {
            bind.reset();
            setChoosing(null);
          }}
        />
      )}
    </section>
  );
}

/** rowsOf are the services of the week and those that are bound, the unbound ones first. */
export function rowsOf(seen: readonly string[], bindings: readonly Binding[]): Row[] {
  const by = new Map(bindings.map((b) => [b.service, b]));
  const week = new Set(seen);
  return [...new Set([...week, ...by.keys()])]
    .map((service) => ({ service, binding: by.get(service), seen: week.has(service) }))
    .sort(
      (a, b) =>
        Number(a.binding !== undefined) - Number(b.binding !== undefined) ||
        Number(b.seen) - Number(a.seen) ||
        a.service.localeCompare(b.service),
    );
}

interface SuggestionsProps {
  service: string;
  repositories: Repository[];
  pending: boolean;
  onChoose: (repository: string, folder: string) => void;
}

function Suggestions({ service, repositories, pending, onChoose }: SuggestionsProps) {
  const t = useTexts(texts);
  const found = useQueries({ queries: repositories.map((r) => foldersQuery(r.id, service)) });
  if (repositories.length === 0) return null;
  const items = repositories.flatMap((r, i) =>
    (found[i]?.data?.items ?? []).slice(0, 3).map((f) => ({ ...f, repository: r })),
  );
  if (items.length === 0)
    return <span className="dim">{found.some((f) => f.isLoading) ? t.suggesting : t.noSuggestion}</span>;
  return (
    <ul className={classes.suggestions} aria-label={`${t.suggestions}: ${service}`}>
      {items.map((f) => {
        const where = [repositories.length > 1 ? f.repository.name : '', f.path].filter(Boolean).join(' / ');
        return (
          <li key={f.repository.id + f.path}>
            <Button
              size="compact-xs"
              variant="light"
              disabled={pending}
              aria-label={t.use(service, where)}
              onClick={() => onChoose(f.repository.id, f.path)}
            >
              {where}
            </Button>{' '}
            <span className="dim">{f.reason}</span>
          </li>
        );
      })}
    </ul>
  );
}

interface ChooseProps {
  row: Row;
  repositories: Repository[];
  pending: boolean;
  error: unknown;
  onSave: (repository: string, folder: string) => void;
  onClose: () => void;
}

function Choose({ row, repositories, pending, error, onSave, onClose }: ChooseProps) {
  const t = useTexts(texts);
  const [repository, setRepository] = useState(row.binding?.repository ?? repositories[0]?.id ?? '');
  const [folder, setFolder] = useState(row.binding?.folder ?? '');
  const chosen = repositories.find((r) => r.id === repository);
  const refused = error instanceof ApiError ? error : undefined;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    onSave(repository, folder.trim());
  };
  return (
    <Dialog opened onClose={onClose} title={t.bindTitle(row.service)}>
      <form onSubmit={submit} className={settings.group}>
        <NativeSelect
          label={t.repository}
          data-autofocus
          value={repository}
          onChange={(e) => setRepository(e.currentTarget.value)}
          data={repositories.map((r) => ({ value: r.id, label: r.name }))}
          error={refused?.field('repository')?.message}
        />
        <TextInput
          label={t.inFolder}
          description={t.folderHint}
          value={folder}
          onChange={(e) => setFolder(e.currentTarget.value)}
          error={refused?.field('folder')?.message}
        />
        {chosen && chosen.problem === '' && (
          <div>
            <div className="dim">{t.suggestions}</div>
            <Suggestions
              service={row.service}
              repositories={[chosen]}
              pending={pending}
              onChoose={(_, f) => setFolder(f)}
            />
          </div>
        )}
        {error && !refused?.fields.length ? <ErrorState error={error} /> : null}
        <Button type="submit" loading={pending} disabled={repository === ''}>
          {t.keep}
        </Button>
      </form>
    </Dialog>
  );
}
