-- What reached into a person's day. All of history, while a profile forgets what is older than 30 days.
CREATE OR REPLACE VIEW touches AS
WITH messages AS (
    SELECT *, split_part("type", '.', 1) AS medium
    FROM interactions_effective
    WHERE "type" IN {touches}
    QUALIFY row_number() OVER (
        PARTITION BY contact_id, medium, message_id ORDER BY "time", source, id
    ) = 1
),
failed AS (
    SELECT DISTINCT contact_id, split_part("type", '.', 1) AS medium, message_id
    FROM interactions_effective
    WHERE "type" IN {cancelled_touches}
),
reports AS (
    SELECT *, method AS medium
    FROM interactions_effective
    WHERE "type" = 'canvass.reported'
      AND method IN ('door', 'phone', 'text', 'letter')
      AND outcome IN ('contacted', 'refused', 'left_message', 'language_barrier')
),
-- At the door and by letter one a day (UTC).
visits AS (
    SELECT *
    FROM reports
    QUALIFY medium NOT IN ('door', 'letter') OR row_number() OVER (
        PARTITION BY contact_id, medium, "date" ORDER BY "time", source, id
    ) = 1
)
SELECT
    m."date", m."time", m.contact_id, m.medium AS channel, coalesce(m.purpose, 'informational') AS purpose,
    m.team, m.source, m.id, m.campaign_id, m.message_id, m.turf, m.experiment_id, m.variant
FROM messages AS m
LEFT JOIN failed AS f
    ON f.contact_id = m.contact_id AND f.medium = m.medium AND f.message_id = m.message_id
WHERE f.message_id IS NULL
UNION ALL
SELECT
    "date", "time", contact_id, medium, 'informational',
    team, source, id, campaign_id, message_id, turf, experiment_id, variant
FROM visits;
