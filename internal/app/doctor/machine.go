package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/config"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// folder checks that the data folder can be used, and whether it is in use.
func (d *doctor) folder(context.Context) {
	const check = "data_folder"
	dir := d.Config.DataDir
	choose := i18n.T("Give it to the user that Yagura runs as (chown), or name another with data_dir or --data-dir.",
		"Yagura の実行ユーザーに権限を与える（chown）か、data_dir または --data-dir で別のフォルダーを指定してください。")
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		parent := dir
		for errors.Is(err, fs.ErrNotExist) && parent != filepath.Dir(parent) {
			parent = filepath.Dir(parent)
			info, err = os.Stat(parent)
		}
		if err != nil || !info.IsDir() || syscall.Access(parent, 2) != nil {
			d.say(check, Failure, i18n.F("The data folder %[1]s does not exist and cannot be made in %[2]s.", "データフォルダー %[1]s がなく、%[2]s に作成することもできません。", dir, parent), choose)
			return
		}
		d.say(check, OK, i18n.F("The data folder %s does not exist yet; the first start makes it.", "データフォルダー %s はまだありません。初回の起動時に作成されます。", dir))
		return
	case err != nil:
		d.say(check, Failure, i18n.F("The data folder %[1]s cannot be looked at: %[2]v.", "データフォルダー %[1]s を確認できません（%[2]v）。", dir, err), choose)
		return
	case !info.IsDir():
		d.say(check, Failure, i18n.F("%s is not a folder.", "%s はフォルダーではありません。", dir), choose)
		return
	}
	d.running = locked(filepath.Join(dir, "lock"))
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		d.say(check, Failure, i18n.F("The data folder %[1]s cannot be written: %[2]v.", "データフォルダー %[1]s に書き込めません（%[2]v）。", dir, err), choose)
		return
	}
	_ = errors.Join(f.Close(), os.Remove(f.Name())) // it was only to see
	switch {
	case info.Mode().Perm()&0o077 != 0:
		d.say(check, Warning, i18n.F("Other users of this machine may enter the data folder %[1]s (%[2]s).", "データフォルダー %[1]s に、このマシンのほかのユーザーがアクセスできます（%[2]s）。", dir, info.Mode().Perm()),
			i18n.F("chmod 700 %s", "chmod 700 %s を実行してください。", dir))
	case d.running:
		d.say(check, OK, i18n.F("The data folder %s is in use by a running Yagura.", "データフォルダー %s は起動中の Yagura が使用しています。", dir))
	default:
		d.say(check, OK, i18n.F("The data folder %s can be written, and is free.", "データフォルダー %s は書き込み可能で、使用中ではありません。", dir))
	}
}

// locked says whether another process owns the folder.
func locked(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// existing is dir, or the nearest folder above it that is there.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// Kinds of file systems on which locks or fsync cannot be relied on, by statfs(2).
var doubtful = map[int64]string{0x6969: "NFS", 0xff534d42: "CIFS", 0xfe534d42: "SMB2", 0x01021994: "tmpfs", 0x65735546: "FUSE"}

func (d *doctor) disk(context.Context) {
	const check = "disk_space"
	var st syscall.Statfs_t
	if err := syscall.Statfs(existing(d.Config.DataDir), &st); err != nil {
		d.say(check, Skipped, i18n.F("How much room the disk has cannot be found out: %v.", "ディスクの空き容量を確認できません（%v）。", err))
		return
	}
	free, total := st.Bavail*uint64(st.Bsize), st.Blocks*uint64(st.Bsize)
	room := i18n.F("%[1]s of %[2]s are free on the disk of the data folder.", "データフォルダーのディスクの空き容量は %[1]s / %[2]s です。", gib(free), gib(total))
	shorter := i18n.T("Make room, or shorten retention.logs and retention.spans.", "空きを増やすか、retention.logs と retention.spans を短くしてください。")
	switch {
	case free < uint64(d.Config.WAL.MinFreeBytes):
		d.say(check, Failure, i18n.T(room.En+" Below wal.min_free_bytes nothing is accepted.", room.Ja+" wal.min_free_bytes を下回るため受信できません。"), shorter)
	case free < total/10 || free < uint64(d.Config.WAL.MaxBytes+d.Config.WAL.MinFreeBytes):
		d.say(check, Warning, room, shorter)
	default:
		d.say(check, OK, room)
	}
	if kind := doubtful[int64(uint32(st.Type))]; kind != "" {
		d.say("file_system", Warning, i18n.F("The data folder is on %s, where an acknowledged row may not survive a crash, or two processes may own the folder.", "データフォルダーが %s 上にあるため、受信済みのデータが障害時に失われたり、複数のプロセスが同時に使用したりするおそれがあります。", kind),
			i18n.T("Use a local disk or a block volume (ext4, XFS).", "ローカルディスクまたはブロックボリューム（ext4、XFS）を使用してください。"))
	}
}

func gib(n uint64) string { return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30)) }

// sync measures what every acknowledgement waits for.
func (d *doctor) sync(ctx context.Context) {
	const check, rounds = "fsync", 30
	f, err := os.CreateTemp(existing(d.Config.DataDir), ".doctor-*")
	if err != nil {
		d.say(check, Skipped, i18n.T("How fast the disk is cannot be measured: the folder cannot be written.", "フォルダーに書き込めないため、ディスクの速度を測定できません。"))
		return
	}
	defer func() { _ = errors.Join(f.Close(), os.Remove(f.Name())) }()
	block := make([]byte, 64<<10)
	var took []time.Duration
	for range rounds {
		if ctx.Err() != nil {
			break
		}
		began := clock.Real{}.Now()
		if _, err = f.Write(block); err == nil {
			err = f.Sync()
		}
		if err != nil {
			d.say(check, Failure, i18n.F("Writing to the disk failed: %v.", "ディスクへの書き込みに失敗しました（%v）。", err), i18n.T("Check the disk.", "ディスクを点検してください。"))
			return
		}
		took = append(took, clock.Since(clock.Real{}, began))
	}
	if len(took) == 0 {
		return
	}
	slices.Sort(took)
	median := took[len(took)/2]
	text := i18n.F("A write of 64 KiB is on the disk in %[1]s (median; the slowest %[2]s).", "64 KiB の書き込みは %[1]s でディスクに反映されます（中央値。最大 %[2]s）。", median.Round(10*time.Microsecond), took[len(took)-1].Round(10*time.Microsecond))
	if median > 20*time.Millisecond {
		d.say(check, Warning, text, i18n.T("Senders wait for it at every request. Use an SSD, or a volume with more I/O operations a second.", "送信側はリクエストごとにこの時間を待ちます。SSD または IOPS の高いボリュームを使用してください。"))
		return
	}
	d.say(check, OK, text)
}

// limits checks what the operating system lets the process have.
func (d *doctor) limits(context.Context) {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err == nil {
		text := i18n.F("The process may open %d files.", "プロセスが開けるファイル数の上限は %d です。", files.Max)
		if files.Max < 16384 {
			d.say("open_files", Warning, text, i18n.T("Raise it to 65536 (LimitNOFILE= of systemd, ulimit -n).", "65536 に増やしてください（systemd の LimitNOFILE=、ulimit -n）。"))
		} else {
			d.say("open_files", OK, text)
		}
	}
	total := config.TotalMemory()
	text := i18n.F("There are %s of memory.", "メモリーは %s です。", gib(uint64(total)))
	engine := int64(0)
	if d.Config.Engine.URL == "" {
		engine = d.Config.Engine.Memory()
		text = i18n.F("There are %[1]s of memory, %[2]s of them for the embedded engine.", "メモリーは %[1]s、うち組み込みエンジン用は %[2]s です。", gib(uint64(total)), gib(uint64(engine)))
	}
	if total-engine < 1<<30 {
		d.say("memory", Warning, text, i18n.T("Leave at least 1 GiB beside the engine: add memory, or lower engine.max_memory.", "エンジン以外に 1 GiB 以上を残してください。メモリーを増やすか engine.max_memory を下げます。"))
		return
	}
	d.say("memory", OK, text)
}

type port struct{ setting, addr string }

// receivers are the addresses that senders send to: none where the role takes no telemetry.
func (d *doctor) receivers() []port {
	if !d.Config.Role.Ingests() {
		return nil
	}
	return []port{{"otlp.grpc", d.Config.OTLP.GRPC}, {"otlp.http", d.Config.OTLP.HTTP}}
}

// ports checks that each address can be listened on, or is by a running Yagura.
func (d *doctor) ports(ctx context.Context) {
	for _, p := range append([]port{{"listen", d.Config.Listen}}, d.receivers()...) {
		if p.addr == "" {
			continue
		}
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", p.addr)
		switch {
		case err == nil:
			_ = l.Close()
			d.say("ports", OK, i18n.F("%[1]s: %[2]s is free.", "%[1]s: %[2]s は使用できます。", p.setting, p.addr))
		case errors.Is(err, syscall.EADDRINUSE) && d.running:
			d.say("ports", OK, i18n.F("%[1]s: %[2]s is in use, as it should be: a Yagura runs on this data folder.", "%[1]s: %[2]s は起動中の Yagura が使用しています。", p.setting, p.addr))
		case errors.Is(err, syscall.EADDRINUSE):
			d.say("ports", Failure, i18n.F("%[1]s: another program listens on %[2]s.", "%[1]s: %[2]s はほかのプログラムが使用しています。", p.setting, p.addr),
				i18n.F("Stop it (ss -ltnp shows which), or choose another address for %s.", "そのプログラムを停止する（ss -ltnp で確認できます）か、%s に別のアドレスを指定してください。", p.setting))
		default:
			d.say("ports", Failure, i18n.F("%[1]s: %[2]s cannot be listened on: %[3]v.", "%[1]s: %[2]s で待ち受けできません（%[3]v）。", p.setting, p.addr, err),
				i18n.T("Use an address of this machine; ports below 1024 need a capability (CAP_NET_BIND_SERVICE).", "このマシンのアドレスを指定してください。1024 未満のポートには CAP_NET_BIND_SERVICE が必要です。"))
		}
	}
}

// exposure checks what others can reach, and how.
func (d *doctor) exposure(context.Context) {
	c := d.Config
	open := []string{}
	if !config.Loopback(c.Listen) && c.TLS.Cert == "" && !strings.HasPrefix(c.PublicURL, "https://") {
		open = append(open, "listen")
	}
	for _, p := range d.receivers() {
		if p.addr != "" && !config.Loopback(p.addr) && c.OTLP.TLS.Cert == "" {
			open = append(open, p.setting)
		}
		if p.addr != "" && !config.Loopback(p.addr) && !c.OTLP.TokenNeeded(p.addr) && c.OTLP.TLS.ClientCA == "" {
			d.say("exposure", Warning, i18n.F("Whoever reaches %[1]s (%[2]s) may send: no token is asked for.", "%[1]s（%[2]s）に接続できる誰もが、トークンなしで送信できます。", p.setting, p.addr),
				i18n.T("Set otlp.auth to auto or token, or otlp.tls.client_ca_file.", "otlp.auth を auto または token にするか、otlp.tls.client_ca_file を設定してください。"))
		}
	}
	if len(open) > 0 {
		list := strings.Join(open, ", ")
		d.say("exposure", Warning, i18n.F("Passwords, tokens and telemetry cross the network in the clear: %s.", "パスワード、トークン、テレメトリーが暗号化されずに送受信されます（%s）。", list),
			i18n.T("Set tls and otlp.tls, or put a proxy that ends TLS before them (and say its address in public_url).", "tls と otlp.tls を設定するか、TLS を終端するプロキシを前段に置いてください（その URL を public_url に指定します）。"))
	}
}
