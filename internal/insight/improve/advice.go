package improve

import (
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight/detect"
)

// Advice is what to do about what a detector found, in the framework or the language of
// the code; where none is at hand, what helps anywhere.
func Advice(detector string, s Stack) i18n.Text {
	by := advice[detector]
	for _, key := range [...]string{s.Framework, s.Language} {
		if t, ok := by[key]; ok && key != "" {
			return t
		}
	}
	if d, ok := detect.ByID(detector); ok {
		return d.Advice
	}
	return i18n.Text{}
}

// advice by detector, then by framework or language.
var advice = map[string]map[string]i18n.Text{
	"n_plus_one_query":     eager,
	"repeated_query_group": eager,
	"sequential_calls":     together,
	"missing_index":        index,
	"unbounded_result":     pages,
	"missing_cache":        cached,
	"n_plus_one_cache":     many,
	"pool_wait":            pool,
	"transaction_across_call": {
		"rails":  i18n.T("Move the call out of the transaction: make it in after_commit, or record it in a table in the transaction and let a job make it.", "外部呼び出しをトランザクションの外へ出してください。after_commitで呼び出すか、トランザクション内では送信内容をテーブルに記録し、ジョブから呼び出します。"),
		"django": i18n.T("Move the call out of atomic(): make it in transaction.on_commit(), or record it in a table in the transaction and let a task make it.", "外部呼び出しをatomic()の外へ出してください。transaction.on_commit()で呼び出すか、トランザクション内では送信内容をテーブルに記録し、タスクから呼び出します。"),
		"jpa":    i18n.T("Move the call out of the @Transactional method: make it in a @TransactionalEventListener (AFTER_COMMIT), or record it in a table in the transaction and let a worker make it.", "外部呼び出しを@Transactionalメソッドの外へ出してください。@TransactionalEventListener（AFTER_COMMIT）で呼び出すか、トランザクション内では送信内容をテーブルに記録し、ワーカーから呼び出します。"),
	},
}

// eager reads what a loop needs at once.
var eager = map[string]i18n.Text{
	"rails": i18n.T("Load the association with the list: includes(:assoc), or preload(:assoc) for a second query and eager_load(:assoc) for a join. strict_loading on the relation keeps it from coming back.",
		"一覧の取得時に関連も読み込んでください。includes(:関連名) を使います（クエリを分けるならpreload、JOINにするならeager_load）。リレーションにstrict_loadingを付けておくと再発を防げます。"),
	"django": i18n.T("Load the relation with the list: select_related(\"fk\") for a foreign key, prefetch_related(\"set\") for many. assertNumQueries in a test keeps it from coming back.",
		"一覧の取得時に関連も読み込んでください。外部キーならselect_related(\"fk\")、多対多や逆参照ならprefetch_related(\"set\")を使います。テストにassertNumQueriesを書いておくと再発を防げます。"),
	"sqlalchemy": i18n.T("Load the relationship with the list: options(selectinload(Parent.children)), or joinedload for a single one. raiseload(\"*\") shows what is still loaded lazily.",
		"一覧の取得時に関連も読み込んでください。options(selectinload(Parent.children)) を使います（相手が1件ならjoinedload）。raiseload(\"*\")で、残っている遅延読み込みを洗い出せます。"),
	"jpa": i18n.T("Load the association with the list: a fetch join (join fetch p.children), or @EntityGraph(attributePaths = …) on the repository method. Where the list is paged, use @BatchSize or hibernate.default_batch_fetch_size instead.",
		"一覧の取得時に関連も読み込んでください。fetch join（join fetch p.children）、またはリポジトリのメソッドに@EntityGraph(attributePaths = …)を付けます。ページングと併用する場合は、@BatchSizeかhibernate.default_batch_fetch_sizeを使います。"),
	"gorm": i18n.T("Load the association with the list: db.Preload(\"Items\").Find(&carts), or Joins(\"Owner\") for a single one.",
		"一覧の取得時に関連も読み込んでください。db.Preload(\"Items\").Find(&carts) を使います（相手が1件ならJoins(\"Owner\")）。"),
	"prisma": i18n.T("Load the relation with the list: findMany({ include: { items: true } }), or select for the fields you need. Where the ids are at hand, one findMany with in: ids.",
		"一覧の取得時に関連も読み込んでください。findMany({ include: { items: true } }) を使います（必要な項目だけならselect）。IDが手元にあるなら、in: ids を指定した1回のfindManyにまとめます。"),
	"typeorm": i18n.T("Load the relation with the list: find({ relations: { items: true } }), or leftJoinAndSelect in a query builder.",
		"一覧の取得時に関連も読み込んでください。find({ relations: { items: true } })、クエリビルダーならleftJoinAndSelectを使います。"),
	"sequelize": i18n.T("Load the association with the list: findAll({ include: Item }).", "一覧の取得時に関連も読み込んでください。findAll({ include: Item }) を使います。"),
	"laravel": i18n.T("Load the relation with the list: Cart::with('items')->get(). Model::preventLazyLoading() outside production keeps it from coming back.",
		"一覧の取得時に関連も読み込んでください。Cart::with('items')->get() を使います。本番以外でModel::preventLazyLoading()を有効にしておくと再発を防げます。"),
	"efcore": i18n.T("Load the navigation with the list: Include(c => c.Items), with AsSplitQuery() where several collections would multiply rows.",
		"一覧の取得時に関連も読み込んでください。Include(c => c.Items) を使います。複数のコレクションで行が掛け合わされる場合はAsSplitQuery()を付けます。"),
	"ecto": i18n.T("Load the association with the list: Repo.preload(carts, :items), or preload in the query.", "一覧の取得時に関連も読み込んでください。Repo.preload(carts, :items)、またはクエリ内のpreloadを使います。"),
	"go": i18n.T("Collect the ids first and read them with one statement: WHERE id = ANY($1) (PostgreSQL) or WHERE id IN (?, …) (MySQL), then put the rows together by id in a map. A JOIN does as well where one row belongs to one.",
		"先にIDを集め、1つのSQLで取得してください。PostgreSQLならWHERE id = ANY($1)、MySQLならWHERE id IN (?, …)とし、結果はIDをキーにしたmapで組み合わせます。1対1の関係ならJOINでもかまいません。"),
}

// together runs calls side by side.
var together = map[string]i18n.Text{
	"go": i18n.T("Start them side by side with errgroup.WithContext and wait once; give each a variable of its own for its result.",
		"errgroup.WithContextで並列に開始し、最後に1回だけ待ってください。結果は呼び出しごとに別の変数で受け取ります。"),
	"nodejs": i18n.T("Start them side by side: await Promise.all([a(), b()]) in place of one await after the other.",
		"順にawaitせず、await Promise.all([a(), b()]) で並列に実行してください。"),
	"java": i18n.T("Start them side by side: CompletableFuture.supplyAsync on an executor of its own, or virtual threads, and join once.",
		"並列に開始し、最後にまとめて待ってください。専用のExecutorを渡したCompletableFuture.supplyAsyncか、仮想スレッドを使います。"),
	"python": i18n.T("Start them side by side: asyncio.gather in asynchronous code, concurrent.futures.ThreadPoolExecutor otherwise.",
		"並列に実行してください。非同期コードならasyncio.gather、そうでなければconcurrent.futures.ThreadPoolExecutorを使います。"),
	"ruby": i18n.T("Start them side by side: load_async for Active Record queries (Rails 7 and later), Concurrent::Promises for calls over HTTP.",
		"並列に実行してください。Active Recordのクエリならload_async（Rails 7以降）、HTTP呼び出しならConcurrent::Promisesを使います。"),
	"dotnet": i18n.T("Start them side by side: await Task.WhenAll(a, b). A DbContext serves one query at a time: use one for each.",
		"await Task.WhenAll(a, b) で並列に実行してください。DbContextは同時に1つのクエリしか扱えないため、それぞれに用意します。"),
}

// index adds one without stopping writes.
var index = map[string]i18n.Text{
	"rails": i18n.T("Add an index on what the condition compares: add_index :table, :column, algorithm: :concurrently with disable_ddl_transaction! (PostgreSQL). Look at relation.explain before and after.",
		"条件で比較している列にインデックスを追加してください。PostgreSQLなら、disable_ddl_transaction!を指定したマイグレーションでadd_index :table, :column, algorithm: :concurrentlyとします。前後でrelation.explainを確認します。"),
	"django": i18n.T("Add an index on what the condition compares: Meta.indexes, applied with AddIndexConcurrently (PostgreSQL, atomic = False). Look at queryset.explain() before and after.",
		"条件で比較している列にインデックスを追加してください。Meta.indexesに定義し、PostgreSQLではAddIndexConcurrently（atomic = False）で適用します。前後でqueryset.explain()を確認します。"),
	"jpa": i18n.T("Add an index on what the condition compares, in a migration (Flyway, Liquibase): CREATE INDEX CONCURRENTLY on PostgreSQL, outside a transaction. @Table(indexes = …) alone changes no existing table.",
		"条件で比較している列のインデックスを、マイグレーション（Flyway、Liquibase）で追加してください。PostgreSQLではトランザクション外でCREATE INDEX CONCURRENTLYを使います。@Table(indexes = …)を書くだけでは既存のテーブルに反映されません。"),
	"prisma": i18n.T("Add @@index([column]) to the model and make a migration; on PostgreSQL, edit it to CREATE INDEX CONCURRENTLY for a large table.",
		"モデルに@@index([column])を追加し、マイグレーションを作成してください。大きなテーブルでは、PostgreSQLの場合、生成されたSQLをCREATE INDEX CONCURRENTLYに書き換えます。"),
	"sqlalchemy": i18n.T("Add an Index to the model and a migration: op.create_index(…, postgresql_concurrently=True) in an autocommit_block() of Alembic.",
		"モデルにIndexを定義し、マイグレーションで追加してください。Alembicではautocommit_block()の中でop.create_index(…, postgresql_concurrently=True)とします。"),
}

// pages bounds a result.
var pages = map[string]i18n.Text{
	"rails":      i18n.T("Give the list an end: limit with a cursor on an indexed column for pages, find_each for work over all rows, pluck where only some columns are needed.", "取得件数に上限を設けてください。ページ表示ならインデックスのある列をカーソルにしたlimit、全件処理ならfind_each、一部の列だけでよければpluckを使います。"),
	"django":     i18n.T("Give the list an end: a slice with a cursor on an indexed column for pages, iterator(chunk_size=…) for work over all rows, values_list where only some columns are needed.", "取得件数に上限を設けてください。ページ表示ならインデックスのある列をカーソルにしたスライス、全件処理ならiterator(chunk_size=…)、一部の列だけでよければvalues_listを使います。"),
	"jpa":        i18n.T("Give the list an end: a Pageable that returns a Slice for pages, a Stream with a fetch size for work over all rows, a projection where only some columns are needed.", "取得件数に上限を設けてください。ページ表示ならPageableでSliceを返し、全件処理ならフェッチサイズを指定したStream、一部の列だけでよければプロジェクションを使います。"),
	"gorm":       i18n.T("Give the list an end: Limit with a cursor on an indexed column for pages, FindInBatches for work over all rows, Select where only some columns are needed.", "取得件数に上限を設けてください。ページ表示ならインデックスのある列をカーソルにしたLimit、全件処理ならFindInBatches、一部の列だけでよければSelectを使います。"),
	"prisma":     i18n.T("Give the list an end: take with a cursor, and select where only some fields are needed.", "取得件数に上限を設けてください。takeとcursorを指定し、一部の項目だけでよければselectを使います。"),
	"sqlalchemy": i18n.T("Give the list an end: limit with a cursor on an indexed column for pages, yield_per for work over all rows, load_only where only some columns are needed.", "取得件数に上限を設けてください。ページ表示ならインデックスのある列をカーソルにしたlimit、全件処理ならyield_per、一部の列だけでよければload_onlyを使います。"),
}

// cached keeps an answer, and computes it once when several ask.
var cached = map[string]i18n.Text{
	"rails":  i18n.T("Keep the answer for as long as it may be old: Rails.cache.fetch(key, expires_in: …, race_condition_ttl: …), so that not all compute it when it expires.", "許容できる古さの範囲で結果をキャッシュしてください。Rails.cache.fetch(key, expires_in: …, race_condition_ttl: …) とし、期限切れの際に全員が計算し直すのを防ぎます。"),
	"django": i18n.T("Keep the answer for as long as it may be old: cache.get_or_set(key, compute, timeout).", "許容できる古さの範囲で結果をキャッシュしてください。cache.get_or_set(key, 計算する関数, timeout) を使います。"),
	"java":   i18n.T("Keep the answer for as long as it may be old: @Cacheable(sync = true) on Caffeine or Redis with a time to live, so that one computes it and the others wait.", "許容できる古さの範囲で結果をキャッシュしてください。有効期限を設定したCaffeineやRedisに@Cacheable(sync = true)を組み合わせると、計算は1回だけで、ほかは結果を待ちます。"),
	"go":     i18n.T("Keep the answer for as long as it may be old, in the process or in Redis, and let golang.org/x/sync/singleflight compute it once when several ask.", "許容できる古さの範囲で結果をキャッシュ（プロセス内またはRedis）してください。同時アクセス時の計算はgolang.org/x/sync/singleflightで1回にまとめます。"),
	"nodejs": i18n.T("Keep the answer for as long as it may be old, in the process (lru-cache) or in Redis; keep the promise, not the value, so that several who ask share one computation.", "許容できる古さの範囲で結果をキャッシュ（プロセス内のlru-cacheまたはRedis）してください。値ではなくPromiseを保持すると、同時アクセス時の計算を1回にまとめられます。"),
}

// many reads many keys of a cache at once.
var many = map[string]i18n.Text{
	"rails":  i18n.T("Read them at once: Rails.cache.fetch_multi(*keys), or mget on the Redis client.", "Rails.cache.fetch_multi(*keys)、またはRedisクライアントのmgetでまとめて読み取ってください。"),
	"django": i18n.T("Read them at once: cache.get_many(keys), and set_many to write.", "cache.get_many(keys) でまとめて読み取ってください（書き込みはset_many）。"),
	"java":   i18n.T("Read them at once: opsForValue().multiGet(keys), or executePipelined for different commands.", "opsForValue().multiGet(keys) でまとめて読み取ってください。コマンドが異なる場合はexecutePipelinedを使います。"),
	"go":     i18n.T("Read them at once: rdb.MGet(ctx, keys...), or rdb.Pipelined for different commands.", "rdb.MGet(ctx, keys...) でまとめて読み取ってください。コマンドが異なる場合はrdb.Pipelinedを使います。"),
	"nodejs": i18n.T("Read them at once: mget(keys), or a pipeline for different commands.", "mget(keys) でまとめて読み取ってください。コマンドが異なる場合はパイプラインを使います。"),
	"python": i18n.T("Read them at once: r.mget(keys), or r.pipeline() for different commands.", "r.mget(keys) でまとめて読み取ってください。コマンドが異なる場合はr.pipeline()を使います。"),
}

// pool has a connection when one is needed.
var pool = map[string]i18n.Text{
	"rails":      i18n.T("First see who holds connections long (work over HTTP within a transaction). Then let pool in database.yml match the threads of a process, within what the database allows for all processes.", "まず、接続を長く保持している処理（トランザクション中のHTTP呼び出しなど）がないか確認してください。そのうえで、database.ymlのpoolをプロセスのスレッド数に合わせます（全プロセスの合計がデータベースの上限を超えない範囲）。"),
	"java":       i18n.T("First see who holds connections long (leakDetectionThreshold tells). Then raise HikariCP's maximumPoolSize, within what the database allows for all instances.", "まず、接続を長く保持している処理がないか確認してください（leakDetectionThresholdで検出できます）。そのうえで、HikariCPのmaximumPoolSizeを増やします（全インスタンスの合計がデータベースの上限を超えない範囲）。"),
	"go":         i18n.T("First see who holds connections long (rows that are not closed, work within a transaction). Then raise SetMaxOpenConns, with SetMaxIdleConns the same, within what the database allows for all instances.", "まず、接続を長く保持している処理（閉じていないrows、トランザクション中の重い処理）がないか確認してください。そのうえで、SetMaxOpenConnsを増やし、SetMaxIdleConnsも同じ値にします（全インスタンスの合計がデータベースの上限を超えない範囲）。"),
	"sqlalchemy": i18n.T("First see who holds sessions long. Then raise pool_size and max_overflow, within what the database allows for all processes.", "まず、セッションを長く保持している処理がないか確認してください。そのうえで、pool_sizeとmax_overflowを増やします（全プロセスの合計がデータベースの上限を超えない範囲）。"),
}
