-- What people read. Each view has the rows of one filling of each partition, so a refill is seen once it is complete.

CREATE VIEW harmonia.contacts AS
SELECT r.contact_id, r.first_seen, r.last_seen, r.email_subscribed, r.email_status, r.email_last_opened_at,
    r.email_last_clicked_at, r.gifts, r.first_gift_at, r.last_gift_at, r.canvass_attempts, r.canvass_contacts,
    r.canvass_last_at, r.support, r.time_zone, r.region, r.postal_code, r.profile, r.version
FROM harmonia.contact_records r
JOIN harmonia.stores s ON s.store = 'contacts' AND s.part = r.part AND s.shown = r.epoch
WHERE r.profile IS NOT NULL OR r.unreadable IS NOT NULL;
COMMENT ON VIEW harmonia.contacts IS 'One row for each living contact; profile is the value of contact-state.';

CREATE VIEW harmonia.contact_links AS
SELECT r.contact_id, r.merged_into, r.version
FROM harmonia.contact_records r
JOIN harmonia.stores s ON s.store = 'contacts' AND s.part = r.part AND s.shown = r.epoch
WHERE r.merged_into IS NOT NULL;
COMMENT ON VIEW harmonia.contact_links IS 'Ids that were absorbed, and by whom.';

CREATE FUNCTION harmonia.minor_digits(p_currency text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN p_currency IN (
            'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'
        ) THEN 0
        WHEN p_currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 3
        ELSE 2
    END
$$;
COMMENT ON FUNCTION harmonia.minor_digits IS 'How many decimals the amounts of a currency have (ISO 4217).';

CREATE FUNCTION harmonia.whole_units(p_minor numeric, p_currency text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT round(p_minor / 10::numeric ^ harmonia.minor_digits(p_currency), harmonia.minor_digits(p_currency))
$$;
COMMENT ON FUNCTION harmonia.whole_units IS 'An amount in dollars, of one in cents; of other currencies likewise.';

CREATE VIEW harmonia.gifts AS
SELECT c.contact_id, g.key AS currency,
    harmonia.whole_units(g.value::numeric, g.key) AS gross,
    harmonia.whole_units(coalesce((c.profile #>> ARRAY['donations', 'refunded', g.key])::numeric, 0), g.key) AS refunded,
    harmonia.whole_units(coalesce((c.profile #>> ARRAY['donations', 'net', g.key])::numeric, 0), g.key) AS net,
    c.gifts, c.first_gift_at, c.last_gift_at
FROM harmonia.contacts c
CROSS JOIN LATERAL jsonb_each_text(coalesce(c.profile #> '{donations,gross}', '{}')) AS g;
COMMENT ON VIEW harmonia.gifts IS 'What a contact has given, by currency, in whole units. gifts counts those of all currencies.';

CREATE VIEW harmonia.pledges AS
SELECT c.contact_id, p.value ->> 'id' AS pledge_id, p.value ->> 'status' AS status, p.value ->> 'period' AS period,
    p.value ->> 'currency' AS currency,
    harmonia.whole_units((p.value ->> 'amount')::numeric, p.value ->> 'currency') AS amount
FROM harmonia.contacts c
CROSS JOIN LATERAL jsonb_array_elements(coalesce(c.profile #> '{donations,pledges}', '[]')) AS p;
COMMENT ON VIEW harmonia.pledges IS 'Regular gifts that were promised, and whether they are active, failing or cancelled.';

CREATE VIEW harmonia.touches AS
SELECT c.contact_id, (t.value ->> 'at')::timestamptz AS at, t.value ->> 'channel' AS channel,
    t.value ->> 'purpose' AS purpose, t.value ->> 'team' AS team, t.value ->> 'source' AS source, t.value ->> 'id' AS id
FROM harmonia.contacts c
CROSS JOIN LATERAL jsonb_array_elements(coalesce(c.profile -> 'touches', '[]')) AS t;
COMMENT ON VIEW harmonia.touches IS 'That somebody reached into a person''s day, in the 30 days before the latest time.';

CREATE VIEW harmonia.shown_records AS
SELECT r.topic, r.part, r.key, r.value
FROM harmonia.topic_records r
JOIN harmonia.stores s ON s.store = r.topic AND s.part = r.part AND s.shown = r.epoch;
COMMENT ON VIEW harmonia.shown_records IS 'The newest value of each key of a topic, as JSON.';

CREATE VIEW harmonia.suppressions AS
SELECT r.key AS contact_id, c.key AS channel, c.value ->> 'reason' AS reason,
    (c.value ->> 'since')::timestamptz AS since, (c.value ->> 'until')::timestamptz AS until,
    c.value ->> 'source' AS source, c.value ->> 'id' AS id
FROM harmonia.shown_records r CROSS JOIN LATERAL jsonb_each(r.value) AS c
WHERE r.topic = 'contact-suppressions'
    AND coalesce((c.value ->> 'until')::timestamptz, 'infinity') > now();
COMMENT ON VIEW harmonia.suppressions IS 'Channels that are closed to everyone now.';

CREATE VIEW harmonia.segments AS
SELECT d.segment_id, d.definition ->> 'owner' AS owner, d.definition, coalesce(c.members, 0) AS members,
    coalesce(c.entered, 0) AS entered, coalesce(c.left_it, 0) AS left_it, coalesce(c.is_complete, false) AS is_complete,
    c.as_of
FROM (
    SELECT DISTINCT ON (r.key) r.key AS segment_id, r.value AS definition
    FROM harmonia.shown_records r WHERE r.topic = 'segment-definitions' ORDER BY r.key, r.part
) d
LEFT JOIN (
    SELECT r.key AS segment_id, sum((r.value ->> 'members')::bigint) AS members,
        sum((r.value ->> 'entered')::bigint) AS entered, sum((r.value ->> 'left')::bigint) AS left_it,
        bool_and(r.value ->> 'state' = 'complete') AS is_complete, min((r.value ->> 'as_of')::timestamptz) AS as_of
    FROM harmonia.shown_records r WHERE r.topic = 'segment-counts' GROUP BY r.key
) c USING (segment_id);
COMMENT ON VIEW harmonia.segments IS 'Rules about people, and how many are in each.';

CREATE VIEW harmonia.segment_members AS
SELECT m.key AS segment_id, r.key AS contact_id, (m.value ->> 'since')::timestamptz AS since
FROM harmonia.shown_records r CROSS JOIN LATERAL jsonb_each(coalesce(r.value -> 'segments', '{}')) AS m
WHERE r.topic = 'contact-segments';
COMMENT ON VIEW harmonia.segment_members IS 'Who is in which segment, and since when.';

CREATE VIEW harmonia.experiment_results AS
SELECT r.key AS experiment, r.value ->> 'status' AS status, (r.value ->> 'as_of')::timestamptz AS as_of,
    v.key AS variant, (v.value ->> 'assigned')::bigint AS assigned, m.key AS metric,
    (m.value ->> 'sum')::numeric AS sum, (m.value ->> 'mean')::numeric AS mean
FROM harmonia.shown_records r
CROSS JOIN LATERAL jsonb_each(coalesce(r.value -> 'variants', '{}')) AS v
LEFT JOIN LATERAL jsonb_each(coalesce(v.value -> 'metrics', '{}')) AS m ON true
WHERE r.topic = 'experiment-results';
COMMENT ON VIEW harmonia.experiment_results IS 'The running result of each experiment, by variant and metric.';

CREATE VIEW harmonia.experiment_comparisons AS
SELECT r.key AS experiment, c.value ->> 'metric' AS metric, c.value ->> 'variant' AS variant,
    c.value ->> 'baseline' AS baseline, (c.value ->> 'effect')::numeric AS effect, (c.value ->> 'low')::numeric AS low,
    (c.value ->> 'high')::numeric AS high, (c.value ->> 'level')::numeric AS level,
    (c.value ->> 'p_always_valid')::numeric AS p_always_valid, (c.value ->> 'e_value')::numeric AS e_value,
    (c.value ->> 'discovery')::boolean AS discovery, (c.value ->> 'provisional')::boolean AS provisional
FROM harmonia.shown_records r
CROSS JOIN LATERAL jsonb_array_elements(coalesce(r.value -> 'comparisons', '[]')) AS c
WHERE r.topic = 'experiment-results';
COMMENT ON VIEW harmonia.experiment_comparisons IS 'Variants against their baselines; low and high hold at every look.';
