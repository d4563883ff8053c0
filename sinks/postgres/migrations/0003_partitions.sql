-- Of how many partitions of a topic rows are: with another number people stand in other parts, and both would be shown.

CREATE TABLE harmonia.topic_partitions (
    topic text PRIMARY KEY,
    partitions integer NOT NULL
);
COMMENT ON TABLE harmonia.topic_partitions IS 'How many partitions each topic has whose rows are here. The sink starts on no other number.';

INSERT INTO harmonia.topic_partitions SELECT topic, max(part) + 1 FROM harmonia.positions GROUP BY topic;
