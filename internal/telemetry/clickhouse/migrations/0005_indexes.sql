-- What is in the attributes of a few thousand rows, so that a value that is rare among them is
-- found without looking at the others; and which keys their resources have, since a value may
-- be the resource's. Each is about four bytes a row. See indexes.go.
ALTER TABLE {{.Local "logs"}} {{.OnCluster}} ADD INDEX IF NOT EXISTS attribute_index {{.AttributeIndex}};
ALTER TABLE {{.Local "logs"}} {{.OnCluster}} ADD INDEX IF NOT EXISTS resource_index {{.ResourceIndex}};
ALTER TABLE {{.Local "spans"}} {{.OnCluster}} ADD INDEX IF NOT EXISTS attribute_index {{.AttributeIndex}};
ALTER TABLE {{.Local "spans"}} {{.OnCluster}} ADD INDEX IF NOT EXISTS resource_index {{.ResourceIndex}};

-- Words among spans, as among logs.
ALTER TABLE {{.Local "spans"}} {{.OnCluster}} ADD INDEX IF NOT EXISTS text_index {{.SpanText}} TYPE text(tokenizer = ngrams(2));

-- Merges build the indexes: all but the newest blocks of rows are merged within seconds.
ALTER TABLE {{.Local "logs"}} {{.OnCluster}} MODIFY SETTING materialize_skip_indexes_on_merge = 1;
ALTER TABLE {{.Local "spans"}} {{.OnCluster}} MODIFY SETTING materialize_skip_indexes_on_merge = 1;
