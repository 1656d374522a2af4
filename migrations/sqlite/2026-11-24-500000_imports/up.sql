-- Imported history may not say why a sample was taken: such a sample is kept and counts nowhere. SQLite changes a CHECK in the
-- text of the schema only, the way its manual gives for it ("Making Other Kinds Of Table Schema Changes").
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(sql, '''case'', ''emergency'')', '''case'', ''emergency'', ''unstated'')')
WHERE type = 'table' AND name IN ('sample', 'rate_cell');
PRAGMA writable_schema = RESET;

-- 导入: a file that somebody imports, under the province's own shard. Counted in rows of the file; `seen_at` is the last sign of
-- life: one that runs and was not seen for a while was broken off.
CREATE TABLE import (
    city INTEGER NOT NULL,
    id BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    dry_run INTEGER NOT NULL CHECK (dry_run IN (0, 1)),
    file_name TEXT NOT NULL,
    digest TEXT NOT NULL,
    person_id BLOB NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    finished_at INTEGER,
    total INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    warned INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    notes TEXT NOT NULL,
    PRIMARY KEY (city, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX import_by_time ON import (city, started_at);

-- The verdict on a row of an imported file that is not plainly accepted, with everything that was said of it. No value of a
-- personal field stands here.
CREATE TABLE import_row (
    city INTEGER NOT NULL,
    import_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('rejected', 'warned')),
    form_no TEXT NOT NULL,
    problems TEXT NOT NULL,
    PRIMARY KEY (city, import_id, number),
    FOREIGN KEY (city, import_id) REFERENCES import (city, id)
) STRICT, WITHOUT ROWID;

-- Where an imported sample came from: import, SHA-256 of its file, first row in it, SHA-256 of what was filed (by which the same
-- is known again), and what the file itself said of results and people.
CREATE TABLE sample_import (
    city INTEGER NOT NULL,
    sample_id BLOB NOT NULL,
    import_id BLOB NOT NULL,
    file_digest TEXT NOT NULL,
    content_digest TEXT NOT NULL,
    first_row INTEGER NOT NULL,
    filed TEXT NOT NULL,
    PRIMARY KEY (city, sample_id),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
) STRICT, WITHOUT ROWID;
