-- Every interaction that counts, once. contact_id: whose it is today, so the survivor's; fragment: whom it named.
-- Money of erased people is in it as that of nobody, with contact_id NULL.
CREATE OR REPLACE VIEW lake_counted AS
WITH named AS (
    SELECT i.*, coalesce(l.merged_into, i.fragment) AS contact_id
    FROM lake_interactions AS i
    LEFT JOIN lake_links AS l ON l.contact_id = i.fragment
    WHERE i.id IS NOT NULL AND i.source IS NOT NULL AND i."time" IS NOT NULL AND i."type" <> 'other'
      AND (i.fragment IS NOT NULL OR i."type" IN {money_and_retractions})
),
-- By the commands themselves, each by its first copy, and by what the lake remembers of those whose commands it has
-- forgotten.
erased AS (
    SELECT contact_id, max("until") AS "until", max(since) AS since
    FROM (
        SELECT contact_id, "time" AS "until", min(appended_at) AS since
        FROM named
        WHERE "type" = 'contact.erased'
        GROUP BY contact_id, "time"
        UNION ALL
        SELECT n.contact_id, e."until", e."until"
        FROM (SELECT DISTINCT contact_id, fragment FROM named WHERE fragment IS NOT NULL) AS n
        JOIN lake_erasures AS e ON e.fragment_sha256 = sha256(n.fragment)
    )
    GROUP BY contact_id
),
-- A new record begins with a gift, a form or a yes to a whole channel; nothing before it counts, whenever it happened.
begun AS (
    SELECT n.contact_id, min(n.appended_at) AS begun_at
    FROM named AS n
    JOIN erased AS e ON e.contact_id = n.contact_id
    WHERE n."time" > e."until" AND n.appended_at >= e.since
      AND (n."type" IN {begins_always} OR (n."type" IN {begins_when_granted} AND n.granted AND {of_channel}))
    GROUP BY n.contact_id
),
alive AS (
    SELECT n.*
    FROM named AS n
    LEFT JOIN erased AS e ON e.contact_id = n.contact_id
    LEFT JOIN begun AS b ON b.contact_id = n.contact_id
    WHERE n."type" NOT IN {commands}
      AND (e.contact_id IS NULL OR (n."time" > e."until" AND n.appended_at >= b.begun_at))
    UNION ALL BY NAME
    -- Money of whom `lake erase` has not taken out yet: already as it will lie there then.
    SELECT
        n.topic_id, n."partition", n."offset", n.appended_at, n.source, n.id, n."time", n.team, n."date", n."type",
        n.campaign_id, n.purpose, n.amount, n.currency, n.period, n.instalment, n.committee, n.election, n.refcode,
        n.kind, n.donation_id, n.refund_id, n.retracts_source, n.retracts_id
    FROM named AS n
    JOIN erased AS e ON e.contact_id = n.contact_id
    WHERE n."type" IN {money_and_retractions}
      AND (n."time" <= e."until" OR n.appended_at <= e.since)
),
-- Copies, which are equal but for their times: the first appended counts, at the earliest time of all. Where there is one
-- in the topic, imported ones count for nothing, as in a profile. A row that is seen twice while files are merged is a
-- copy as well. Nobody's is a copy of somebody's too: what came again after an erasure. Not retractions: what nobody
-- gave stays taken back.
once AS (
    SELECT * REPLACE (
        coalesce(min("time") FILTER (WHERE NOT starts_with(topic_id, 'imported-')) OVER same, min("time") OVER same) AS "time",
        coalesce(min("date") FILTER (WHERE NOT starts_with(topic_id, 'imported-')) OVER same, min("date") OVER same) AS "date"
    )
    FROM alive
    WINDOW same AS (PARTITION BY contact_id, source, id)
    QUALIFY row_number() OVER (
        PARTITION BY contact_id, source, id ORDER BY starts_with(topic_id, 'imported-'), appended_at, "partition", "offset"
    ) = 1
    AND (
        contact_id IS NOT NULL OR "type" = 'interaction.retracted' OR count(contact_id) OVER (PARTITION BY source, id) = 0
    )
),
-- Whichever of the two arrived first.
retracted AS (
    SELECT DISTINCT contact_id, retracts_source, retracts_id FROM once WHERE "type" = 'interaction.retracted'
)
SELECT o.*
FROM once AS o
LEFT JOIN retracted AS r
    ON r.contact_id IS NOT DISTINCT FROM o.contact_id AND r.retracts_source = o.source AND r.retracts_id = o.id
WHERE o."type" <> 'interaction.retracted' AND r.retracts_id IS NULL;

-- What `counts` of a profile counts: each accepted interaction once, none that was taken back.
CREATE OR REPLACE VIEW interactions_counted AS
SELECT * FROM lake_counted WHERE contact_id IS NOT NULL;

-- Of several versions of one gift, refund or report the earliest.
CREATE OR REPLACE VIEW lake_effective AS
SELECT * EXCLUDE (same)
FROM (
    SELECT *, CASE "type"
        WHEN 'donation.made' THEN donation_id
        WHEN 'donation.refunded' THEN refund_id
        WHEN 'canvass.reported' THEN report_id
    END AS same
    FROM lake_counted
)
QUALIFY same IS NULL OR row_number() OVER (
    PARTITION BY contact_id, "type", same ORDER BY "time", source, id
) = 1;

-- What a profile is made of: besides, one version of each gift, refund and report.
CREATE OR REPLACE VIEW interactions_effective AS
SELECT * FROM lake_effective WHERE contact_id IS NOT NULL;
