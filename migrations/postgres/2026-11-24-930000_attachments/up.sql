-- 附件: a file beside a form. Its content lies in the storage of files, under the SHA-256 of what is stored: of a personal file that is
-- what was sealed under the data key, and `stated` is a keyed digest of the SHA-256 of its content. Never changed.
CREATE TABLE attachment (
    city integer NOT NULL,
    sample_id uuid NOT NULL,
    seq integer NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('photo', 'signature', 'document', 'recording')),
    subject text COLLATE "C" CHECK (subject IN ('place', 'sample', 'label', 'seal', 'licence', 'sampler', 'sampled_unit', 'receiver', 'refusal', 'unboxing', 'notice', 'order', 'payment', 'proof', 'result')),
    name text COLLATE "C",
    media_type text COLLATE "C" NOT NULL,
    bytes bigint NOT NULL,
    sha256 text COLLATE "C" NOT NULL,
    stated text COLLATE "C" NOT NULL,
    personal boolean NOT NULL,
    taken_at timestamptz,
    position jsonb,
    organisation_id uuid NOT NULL,
    recorded_by uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (city, sample_id, seq),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
);
-- Which files some row names: asked for by the sweep of files.
CREATE INDEX attachment_file ON attachment (sha256);
