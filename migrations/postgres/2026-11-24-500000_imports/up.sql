-- Imported history may not say why a sample was taken: such a sample is kept and counts nowhere.
ALTER TABLE sample DROP CONSTRAINT sample_task_type_check;
ALTER TABLE sample ADD CONSTRAINT sample_task_type_check CHECK (task_type IN ('evaluation', 'routine_monitoring', 'supervision', 'campaign', 'risk_monitoring', 'follow_up', 'complaint', 'case', 'emergency', 'unstated'));
ALTER TABLE rate_cell DROP CONSTRAINT rate_cell_task_type_check;
ALTER TABLE rate_cell ADD CONSTRAINT rate_cell_task_type_check CHECK (task_type IN ('evaluation', 'routine_monitoring', 'supervision', 'campaign', 'risk_monitoring', 'follow_up', 'complaint', 'case', 'emergency', 'unstated'));

-- 导入: a file that somebody imports, under the province's own shard. Counted in rows of the file; `seen_at` is the last sign of
-- life: one that runs and was not seen for a while was broken off.
CREATE TABLE import (
    city integer NOT NULL,
    id uuid NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    dry_run boolean NOT NULL,
    file_name text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    person_id uuid NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    finished_at timestamptz,
    total bigint NOT NULL,
    rows bigint NOT NULL,
    accepted bigint NOT NULL,
    rejected bigint NOT NULL,
    unchanged bigint NOT NULL,
    warned bigint NOT NULL,
    samples bigint NOT NULL,
    notes jsonb NOT NULL,
    PRIMARY KEY (city, id)
);
CREATE INDEX import_by_time ON import (city, started_at);

-- The verdict on a row of an imported file that is not plainly accepted, with everything that was said of it. No value of a
-- personal field stands here.
CREATE TABLE import_row (
    city integer NOT NULL,
    import_id uuid NOT NULL,
    number bigint NOT NULL,
    verdict text COLLATE "C" NOT NULL CHECK (verdict IN ('rejected', 'warned')),
    form_no text COLLATE "C" NOT NULL,
    problems jsonb NOT NULL,
    PRIMARY KEY (city, import_id, number),
    FOREIGN KEY (city, import_id) REFERENCES import (city, id)
);

-- Where an imported sample came from: import, SHA-256 of its file, first row in it, SHA-256 of what was filed (by which the same
-- is known again), and what the file itself said of results and people.
CREATE TABLE sample_import (
    city integer NOT NULL,
    sample_id uuid NOT NULL,
    import_id uuid NOT NULL,
    file_digest text COLLATE "C" NOT NULL,
    content_digest text COLLATE "C" NOT NULL,
    first_row bigint NOT NULL,
    filed jsonb NOT NULL,
    PRIMARY KEY (city, sample_id),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
);
