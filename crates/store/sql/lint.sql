-- Whether a database keeps the layout that lets it grow past one machine: one row for each fault, `what` and `object`; none when all
-- is well. It reads PostgreSQL's catalogue only and changes nothing:
--
--     psql "$DATABASE_URL" --file lint.sql
--
-- Every table of the program is classed here. `dist` grows with samples and lies on the shard of its city; `ref` is small, read
-- everywhere and copied to every machine; `local` stays where people log in. A new table without a class is a fault.
WITH cfg (dist, ref, local) AS (VALUES (
    ARRAY['sample', 'item', 'conclusion', 'amendment', 'custody_event', 'service', 'reinspection', 'reinspection_item', 'objection', 'disposal', 'bulletin_entry', 'attachment', 'seal', 'task', 'task_outcome', 'indicator_evidence', 'name_gram', 'rate_cell', 'alert', 'alert_event',
          'mail', 'audit', 'audit_seal', 'outbox', 'import', 'import_row', 'sample_import', 'idempotency', 'form_no_counter'],
    ARRAY['region', 'organisation', 'criterion', 'calendar_day', 'deadline_rule', 'plan', 'target', 'quota', 'bulletin', 'indicator'],
    ARRAY['setting', 'person', 'subscription', 'session', 'refresh_token', 'login_attempt', 'signing_key', '__diesel_schema_migrations']
)),
t AS (
    SELECT c.oid, c.relname, c.relkind,
        CASE WHEN c.relname = ANY (dist) THEN 'dist' WHEN c.relname = ANY (ref) THEN 'ref' WHEN c.relname = ANY (local) THEN 'local' END AS class
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, cfg
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition
),
d AS (
    SELECT t.*, a.attnum, a.attnotnull, a.atttypid, a.attgenerated
    FROM t LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'city' AND NOT a.attisdropped
    WHERE class = 'dist'
),
fk AS (
    SELECT k.*, one.class AS from_class, other.class AS to_class, one.relname || '.' || k.conname AS name
    FROM pg_constraint k JOIN t one ON one.oid = k.conrelid JOIN t other ON other.oid = k.confrelid
    WHERE k.contype = 'f' AND k.conparentid = 0
)
SELECT 'table without a class' AS what, relname::text AS object FROM t WHERE class IS NULL
UNION ALL
SELECT 'no city, or one that may be null or is generated', relname::text FROM d
WHERE attnum IS NULL OR NOT attnotnull OR attgenerated <> ''
UNION ALL
SELECT 'city of another type than integer', relname::text FROM d WHERE atttypid <> 'int4'::regtype
UNION ALL
SELECT 'no primary key', relname::text FROM t
WHERE class IN ('dist', 'ref') AND NOT EXISTS (SELECT 1 FROM pg_index WHERE indrelid = t.oid AND indisprimary)
UNION ALL
SELECT 'primary key that does not begin with city', relname::text FROM d JOIN pg_index i ON i.indrelid = d.oid
WHERE i.indisprimary AND i.indkey[0] IS DISTINCT FROM d.attnum
UNION ALL
SELECT 'unique or exclusion index without city', i.indexrelid::regclass::text FROM d JOIN pg_index i ON i.indrelid = d.oid
WHERE (i.indisunique OR i.indisexclusion) AND NOT i.indisprimary AND NOT (d.attnum = ANY (i.indkey::int2[]))
UNION ALL
SELECT 'exclusion constraint that does not compare city with =', k.conname::text FROM d JOIN pg_constraint k ON k.conrelid = d.oid
WHERE k.contype = 'x' AND NOT EXISTS (
    SELECT 1 FROM unnest(k.conkey, k.conexclop) AS x (key, op) JOIN pg_operator o ON o.oid = x.op
    WHERE x.key = d.attnum AND o.oprname = '=')
UNION ALL
SELECT 'foreign key between growing tables that does not pair their cities', fk.name FROM fk
    JOIN d one ON one.oid = fk.conrelid JOIN d other ON other.oid = fk.confrelid
WHERE NOT EXISTS (SELECT 1 FROM unnest(fk.conkey, fk.confkey) AS x (a, b) WHERE x.a = one.attnum AND x.b = other.attnum)
UNION ALL
SELECT 'foreign key from a growing to a local table', name FROM fk WHERE from_class = 'dist' AND to_class = 'local'
UNION ALL
SELECT 'foreign key from a reference or local to a growing table', name FROM fk WHERE from_class <> 'dist' AND to_class = 'dist'
UNION ALL
SELECT 'foreign key from a reference to a local table', name FROM fk WHERE from_class = 'ref' AND to_class = 'local'
UNION ALL
SELECT 'foreign key that would change city by itself', fk.name FROM fk JOIN d ON d.oid = fk.conrelid
WHERE d.attnum = ANY (fk.conkey) AND (fk.confdeltype IN ('n', 'd') OR fk.confupdtype IN ('n', 'd', 'c'))
UNION ALL
SELECT 'deferrable constraint', t.relname || '.' || k.conname FROM t JOIN pg_constraint k ON k.conrelid = t.oid WHERE k.condeferrable
UNION ALL
SELECT 'trigger', t.relname || '.' || g.tgname FROM t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
UNION ALL
SELECT 'rule', t.relname || '.' || r.rulename FROM t JOIN pg_rewrite r ON r.ev_class = t.oid
UNION ALL
SELECT 'column that counts by a sequence', t.relname || '.' || a.attname
FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef v ON v.adrelid = t.oid AND v.adnum = a.attnum
WHERE a.attidentity <> '' OR pg_get_expr(v.adbin, v.adrelid) LIKE 'nextval(%'
UNION ALL
SELECT 'text that does not sort by its bytes', t.relname || '.' || a.attname
FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE a.atttypid IN ('text'::regtype, 'varchar'::regtype) AND a.attcollation <> '"C"'::regcollation AND class IN ('dist', 'ref')
UNION ALL
SELECT 'partitions that are not by range, or partitioned again', relname::text FROM d
WHERE relkind = 'p' AND ((SELECT partstrat FROM pg_partitioned_table p WHERE p.partrelid = d.oid) <> 'r' OR EXISTS (
    SELECT 1 FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = d.oid AND c.relkind = 'p'))
UNION ALL
SELECT 'table that inherits', relname::text FROM d
WHERE relkind = 'r' AND EXISTS (SELECT 1 FROM pg_inherits WHERE inhparent = d.oid OR inhrelid = d.oid)
UNION ALL
SELECT 'function with a lock or a message of one machine', p.proname::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = current_schema() AND p.prosrc ~* 'pg_advisory|pg_try_advisory|pg_notify|\mnotify\M'
ORDER BY 1, 2;
