-- Each gift and each refund is a row: sums of gross, refunded and net are right by whatever they are grouped.
-- Amounts in minor units. What a refund does not say it takes from its gift; contact_id NULL: the person was erased.
CREATE OR REPLACE VIEW donations AS
WITH gifts AS (
    SELECT * FROM lake_effective WHERE "type" = 'donation.made'
)
SELECT
    e."date",
    e."time",
    e.contact_id,
    e.source,
    e.id,
    e.team,
    e.donation_id,
    e.refund_id,
    e.currency,
    CASE e."type" WHEN 'donation.made' THEN e.amount ELSE 0 END AS gross,
    CASE e."type" WHEN 'donation.refunded' THEN e.amount ELSE 0 END AS refunded,
    CASE e."type" WHEN 'donation.made' THEN e.amount ELSE -e.amount END AS net,
    coalesce(e.committee, g.committee) AS committee,
    coalesce(e.election, g.election) AS election,
    coalesce(e.refcode, g.refcode) AS refcode,
    coalesce(e.campaign_id, g.campaign_id) AS campaign_id,
    coalesce(e.pledge_id, g.pledge_id) AS pledge_id,
    coalesce(e.period, g.period) AS period,
    e.instalment,
    e.kind,
    e.region
FROM lake_effective AS e
LEFT JOIN gifts AS g
    ON e."type" = 'donation.refunded' AND g.donation_id = e.donation_id
    AND g.contact_id IS NOT DISTINCT FROM e.contact_id
WHERE e."type" IN {money};
