-- 公示: bulletins of results. `region` is the smallest that holds every sample listed, `stages` are space-separated codes: by both it
-- is known who sees a draft. `notes` are what was said of it since it was published.
CREATE TABLE bulletin (
    id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    region integer NOT NULL,
    stages text COLLATE "C" NOT NULL,
    title text COLLATE "C" NOT NULL,
    emergency text COLLATE "C",
    state text COLLATE "C" NOT NULL CHECK (state IN ('draft', 'reviewed', 'published', 'withdrawn')),
    drafted_by uuid NOT NULL,
    drafted_at timestamptz NOT NULL,
    reviewed_by uuid,
    published_at timestamptz,
    withdrawn_at timestamptz,
    notes jsonb NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX bulletin_public ON bulletin (published_at, id) WHERE published_at IS NOT NULL;

-- What a bulletin says of a sample, as it was when it was drafted; `note` is what has become of it since.
CREATE TABLE bulletin_entry (
    city integer NOT NULL,
    sample_id uuid NOT NULL,
    bulletin_id uuid NOT NULL,
    position integer NOT NULL,
    content jsonb NOT NULL,
    note text COLLATE "C",
    noted_at timestamptz,
    revision bigint NOT NULL,
    PRIMARY KEY (city, sample_id, bulletin_id),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id),
    FOREIGN KEY (bulletin_id) REFERENCES bulletin (id)
);
CREATE INDEX bulletin_entry_of ON bulletin_entry (bulletin_id, position);
