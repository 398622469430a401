-- Of the parts that a merge would take, the engine leaves out the last ones where they are small
-- beside the rest, and forgets how many it was to take at least: every block of a few rows was
-- merged alone with all rows of the day before it. It also counts five megabytes for every part,
-- however small, so that sixteen of them are worth a much larger one: only where they are, now.
{{range .RowTables}}ALTER TABLE {{$.Local .}} {{$.OnCluster}} MODIFY SETTING merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0, merge_selector_base = 12;
{{end}}
