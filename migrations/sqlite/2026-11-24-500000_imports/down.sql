DROP TABLE sample_import;
DROP TABLE import_row;
DROP TABLE import;
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(sql, '''case'', ''emergency'', ''unstated'')', '''case'', ''emergency'')')
WHERE type = 'table' AND name IN ('sample', 'rate_cell');
PRAGMA writable_schema = RESET;
