// A repository, new or changed. It is kept also when it cannot be read now; the list says why.
import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError, api, unwrap } from '~/api/client';
import { useTexts } from '~/i18n';
import type { Repository } from '~/ui/code/code.queries';
import { Dialog } from '~/ui/Dialog';
import { ErrorState } from '~/ui/ErrorState';
import { texts } from './repositories.texts';
import settings from './settings.module.css';

interface Props {
  was: Repository | null;
  onClose: () => void;
  onDone: () => void;
}

export function RepositoryForm({ was, onClose, onDone }: Props) {
  const t = useTexts(texts);
  const [kind, setKind] = useState<Repository['kind']>(was?.kind ?? 'github');
  const [address, setAddress] = useState(was?.address ?? '');
  const [name, setName] = useState(was?.name ?? '');
  const [branch, setBranch] = useState(was?.branch ?? '');
  const [secret, setSecret] = useState(was?.secret ?? '');
  const save = useMutation({
    mutationFn: () => {
      const body = {
        name: name.trim(),
        address: address.trim(),
        branch: branch.trim(),
        secret: kind === 'github' ? secret.trim() : '',
      };
      return was
        ? unwrap(api.PATCH('/api/v1/code/repositories/{id}', { params: { path: { id: was.id } }, body }))
        : unwrap(api.POST('/api/v1/code/repositories', { body: { ...body, kind } }));
    },
    onSuccess: onDone,
  });
  const error = save.error instanceof ApiError ? save.error : undefined;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  return (
    <Dialog opened onClose={onClose} title={was ? t.edit : t.add}>
      <form onSubmit={submit} className={settings.group}>
        {!was && (
          <SegmentedControl
            aria-label={t.kind}
            value={kind}
            onChange={(v) => setKind(v as Repository['kind'])}
            data={(['github', 'local'] as const).map((k) => ({ value: k, label: t.kinds[k] }))}
          />
        )}
        <p className="dim" style={{ margin: 0 }}>
          {kind === 'github' ? t.needGithub : `${t.needLocal} code: { folders: [/srv/git] }`}
        </p>
        <TextInput
          label={kind === 'github' ? t.address : t.folder}
          placeholder={kind === 'github' ? 'https://github.com/example/shop' : '/srv/git/shop'}
          data-autofocus
          required
          value={address}
          onChange={(e) => setAddress(e.currentTarget.value)}
          error={error?.field('address')?.message}
        />
        <TextInput
          label={t.name}
          description={t.nameHint}
          maxLength={100}
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
          error={error?.field('name')?.message}
        />
        <TextInput
          label={t.branch}
          description={t.branchHint}
          value={branch}
          onChange={(e) => setBranch(e.currentTarget.value)}
          error={error?.field('branch')?.message}
        />
        {kind === 'github' && (
          <TextInput
            label={t.secret}
            placeholder="file:/run/secrets/github"
            value={secret}
            onChange={(e) => setSecret(e.currentTarget.value)}
            error={error?.field('secret')?.message}
          />
        )}
        {save.error && !error?.fields.length ? <ErrorState error={save.error} /> : null}
        <Button type="submit" loading={save.isPending} disabled={address.trim() === ''}>
          {t.save}
        </Button>
      </form>
    </Dialog>
  );
}
