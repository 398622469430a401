-- Parts that were merged away are kept for a while in case the machine loses power before the
-- kernel has written what they were merged into, which it does within 35 s. The engine's own
-- eight minutes of them are many: blocks come every second or two, to a dozen tables.
{{range .RowTables}}ALTER TABLE {{$.Local .}} {{$.OnCluster}} MODIFY SETTING old_parts_lifetime = 90;
{{end}}
