-- 公示: bulletins of results. `region` is the smallest that holds every sample listed, `stages` are space-separated codes: by both it
-- is known who sees a draft. `notes` are what was said of it since it was published.
CREATE TABLE bulletin (
    id blob NOT NULL,
    organisation_id blob NOT NULL,
    region integer NOT NULL,
    stages text NOT NULL,
    title text NOT NULL,
    emergency text,
    state text NOT NULL CHECK (state IN ('draft', 'reviewed', 'published', 'withdrawn')),
    drafted_by blob NOT NULL,
    drafted_at integer NOT NULL,
    reviewed_by blob,
    published_at integer,
    withdrawn_at integer,
    notes text NOT NULL,
    revision integer NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX bulletin_public ON bulletin (published_at, id) WHERE published_at IS NOT NULL;

-- What a bulletin says of a sample, as it was when it was drafted; `note` is what has become of it since.
CREATE TABLE bulletin_entry (
    city integer NOT NULL,
    sample_id blob NOT NULL,
    bulletin_id blob NOT NULL,
    position integer NOT NULL,
    content text NOT NULL,
    note text,
    noted_at integer,
    revision integer NOT NULL,
    PRIMARY KEY (city, sample_id, bulletin_id),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id),
    FOREIGN KEY (bulletin_id) REFERENCES bulletin (id)
) STRICT;
CREATE INDEX bulletin_entry_of ON bulletin_entry (bulletin_id, position);
