-- Attempts to log in that did not succeed, by the SHA-256 of what was typed: people type passwords into the wrong field.
CREATE TABLE login_attempt (
    login_digest bytea NOT NULL,
    failures integer NOT NULL,
    last_at timestamptz NOT NULL,
    blocked_until timestamptz,
    PRIMARY KEY (login_digest)
);

-- The token for which a refresh token was given: several may be given for one whose answers were lost.
ALTER TABLE refresh_token ADD COLUMN parent bytea;

-- What has not left yet is counted every few seconds, among everything that has.
CREATE INDEX outbox_waiting ON outbox (due_at) WHERE state = 'waiting';
