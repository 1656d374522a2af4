-- 附件: a file beside a form. Its content lies in the storage of files, under the SHA-256 of what is stored: of a personal file that is
-- what was sealed under the data key, and `stated` is a keyed digest of the SHA-256 of its content. Never changed.
CREATE TABLE attachment (
    city integer NOT NULL,
    sample_id blob NOT NULL,
    seq integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('photo', 'signature', 'document', 'recording')),
    subject text CHECK (subject IN ('place', 'sample', 'label', 'seal', 'licence', 'sampler', 'sampled_unit', 'receiver', 'refusal', 'unboxing', 'notice', 'order', 'payment', 'proof', 'result')),
    name text,
    media_type text NOT NULL,
    bytes integer NOT NULL,
    sha256 text NOT NULL,
    stated text NOT NULL,
    personal integer NOT NULL CHECK (personal IN (0, 1)),
    taken_at integer,
    position text,
    organisation_id blob NOT NULL,
    recorded_by blob NOT NULL,
    recorded_at integer NOT NULL,
    PRIMARY KEY (city, sample_id, seq),
    FOREIGN KEY (city, sample_id) REFERENCES sample (city, id)
) STRICT;
-- Which files some row names: asked for by the sweep of files.
CREATE INDEX attachment_file ON attachment (sha256);
