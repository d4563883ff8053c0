-- Figures of experiments in whole acts and whole money, as the other views have money. The topic has thousandths and cents.
-- Columns are only added at the end, so readers keep their rights and views of somebody's own stay.

CREATE OR REPLACE FUNCTION harmonia.in_whole(p_figure numeric, p_metric text, p_currency text) RETURNS numeric
LANGUAGE sql IMMUTABLE AS $$
    SELECT trim_scale(p_figure * CASE
        WHEN p_metric IN ('opened', 'clicked') THEN 0.001
        WHEN p_metric IN ('net_amount') THEN 10::numeric ^ -harmonia.minor_digits(p_currency)
        ELSE 1
    END)
$$;
COMMENT ON FUNCTION harmonia.in_whole IS 'A figure of a metric in people, whole acts or whole money, of one as the topic has it.';

CREATE OR REPLACE FUNCTION harmonia.unit_of(p_metric text, p_currency text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN p_metric IN ('opened', 'clicked') THEN 'acts'
        WHEN p_metric IN ('net_amount') THEN p_currency
        WHEN p_metric IS NOT NULL THEN 'people'
    END
$$;
COMMENT ON FUNCTION harmonia.unit_of IS 'What a metric counts: people, acts, or a currency.';

CREATE OR REPLACE VIEW harmonia.experiment_results AS
SELECT r.key AS experiment, r.value ->> 'status' AS status, (r.value ->> 'as_of')::timestamptz AS as_of,
    v.key AS variant, (v.value ->> 'assigned')::bigint AS assigned, m.key AS metric,
    harmonia.in_whole((m.value ->> 'sum')::numeric, m.key, r.value ->> 'currency') AS sum,
    harmonia.in_whole((m.value ->> 'mean')::numeric, m.key, r.value ->> 'currency') AS mean,
    harmonia.unit_of(m.key, r.value ->> 'currency') AS unit
FROM harmonia.shown_records r
CROSS JOIN LATERAL jsonb_each(coalesce(r.value -> 'variants', '{}')) AS v
LEFT JOIN LATERAL jsonb_each(coalesce(v.value -> 'metrics', '{}')) AS m ON true
WHERE r.topic = 'experiment-results';
COMMENT ON VIEW harmonia.experiment_results IS 'The running result of each experiment, by variant and metric; unit says in what sum is, and mean of a person.';

CREATE OR REPLACE VIEW harmonia.experiment_comparisons AS
SELECT r.key AS experiment, c.value ->> 'metric' AS metric, c.value ->> 'variant' AS variant,
    c.value ->> 'baseline' AS baseline,
    harmonia.in_whole((c.value ->> 'effect')::numeric, c.value ->> 'metric', r.value ->> 'currency') AS effect,
    harmonia.in_whole((c.value ->> 'low')::numeric, c.value ->> 'metric', r.value ->> 'currency') AS low,
    harmonia.in_whole((c.value ->> 'high')::numeric, c.value ->> 'metric', r.value ->> 'currency') AS high,
    (c.value ->> 'level')::numeric AS level,
    (c.value ->> 'p_always_valid')::numeric AS p_always_valid, (c.value ->> 'e_value')::numeric AS e_value,
    (c.value ->> 'discovery')::boolean AS discovery, (c.value ->> 'provisional')::boolean AS provisional,
    harmonia.unit_of(c.value ->> 'metric', r.value ->> 'currency') AS unit
FROM harmonia.shown_records r
CROSS JOIN LATERAL jsonb_array_elements(coalesce(r.value -> 'comparisons', '[]')) AS c
WHERE r.topic = 'experiment-results';
COMMENT ON VIEW harmonia.experiment_comparisons IS 'Variants against their baselines, by assigned person, in unit; low and high hold at every look.';
