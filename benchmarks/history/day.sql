-- What is appended to `interactions` on a day: variables `seed`, `day` (from 0) and `contacts`; see inventing.py.

CREATE MACRO chance(a, b) AS (hash(a, getvariable('day'), b, getvariable('seed')) & 16777215) / 16777216.0;
CREATE MACRO trait(a, b) AS (hash(a, b, getvariable('seed')) & 16777215) / 16777216.0;
CREATE MACRO called(a, b) AS md5(concat(getvariable('seed'), b, a));
CREATE MACRO made_up(a, b) AS format('{:x}', hash(a, b, getvariable('day'), getvariable('seed')));
CREATE MACRO midnight() AS 1325376000000 + getvariable('day') * 86400000; -- 2012-01-01, in ms
CREATE MACRO moment(hours) AS least(midnight() + CAST(hours * 3600000 AS BIGINT), midnight() + 86399999);
CREATE MACRO mailing() AS format('em-{:03}', getvariable('day'));
CREATE MACRO agent(number) AS [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 6_0 like Mac OS X) AppleWebKit/536.26',
    'Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.4 (KHTML, like Gecko) Chrome/22.0.1229.79 Safari/537.4',
    'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)'
][number];

WITH everybody AS (
    SELECT p, CASE WHEN trait(p, 'lively') < 0.6 THEN 0.4 WHEN trait(p, 'lively') < 0.9 THEN 1.2 ELSE 4.0 END AS lively
    FROM range(getvariable('contacts')) AS people(p)
), mailed AS (
    SELECT p, 9 + 10 * chance(p, 'mail at') AS hour, mailing() || '.' || p AS message_id, chance(p, 'delivery') AS fate,
        chance(p, 'open') AS interest, chance(p, 'machine') AS machine
    FROM everybody WHERE chance(p, 'mail') < 0.039 * lively
), mail AS (
    SELECT p, 'email.sent' AS type, moment(hour) AS time, message_id, mailing() AS campaign_id,
        'fundraising' AS purpose, 'main' AS list_id, NULL AS user_agent, NULL AS machine, NULL AS url, NULL AS kind
    FROM mailed
    UNION ALL SELECT p, 'email.delivered', moment(hour + 0.002), message_id, mailing(), 'fundraising', 'main',
        NULL, NULL, NULL, NULL FROM mailed WHERE fate < 0.97
    UNION ALL SELECT p, 'email.bounced', moment(hour + 0.003), message_id, NULL, 'informational', NULL, NULL, NULL, NULL,
        CASE WHEN fate < 0.98 THEN 'hard' ELSE 'soft' END FROM mailed WHERE fate >= 0.97
    UNION ALL SELECT p, 'email.opened', moment(hour + 0.01), message_id, NULL, 'informational', NULL,
        agent(3), true, NULL, NULL FROM mailed WHERE fate < 0.97 AND machine < 0.15
    UNION ALL SELECT p, 'email.opened', moment(hour + 9 * interest), message_id, NULL, 'informational', NULL,
        CASE WHEN p % 2 = 0 THEN agent(1) ELSE agent(2) END, NULL, NULL, NULL
        FROM mailed WHERE fate < 0.97 AND interest < 0.18
    UNION ALL SELECT p, 'email.clicked', moment(hour + 9 * interest + 0.05), message_id, NULL, 'informational', NULL,
        CASE WHEN p % 2 = 0 THEN agent(1) ELSE agent(2) END, NULL,
        'https://donate.example/give?refcode=' || mailing(), NULL FROM mailed WHERE fate < 0.97 AND interest < 0.03
), unsubscribed AS (
    SELECT p, 'email.unsubscribed' AS type, moment(hour + 2) AS time, 'main' AS list_id
    FROM mailed WHERE fate < 0.97 AND interest > 0.999
), texts AS (
    SELECT p, type, moment(9 + 10 * chance(p, 'text at') + later) AS time, 'tx' || getvariable('day') || '.' || p AS
        message_id, '40404' AS sender, 'mobilisation' AS purpose
    FROM everybody, (VALUES ('text.sent', 0), ('text.delivered', 0.004)) AS steps(type, later)
    WHERE chance(p, 'text') < 0.004 * lively
), gifts AS (
    SELECT p, 'donation.made' AS type, moment(9 + 12 * chance(p, 'give at')) AS time, 'actblue:' || made_up(p, 'gift') AS
        donation_id, 500 + CAST(9500 * chance(p, 'how much') AS BIGINT) AS amount, 'USD' AS currency,
        'once' AS period, 'C00431445' AS committee, mailing() AS refcode
    FROM everybody WHERE chance(p, 'give') < 0.0018 * lively
), reports AS (
    SELECT p, 'canvass.reported' AS type,
        moment(10 + 9 * chance(p, 'knock at')) - 86400000 * CAST(floor(4 * pow(chance(p, 'late'), 3)) AS BIGINT) AS time,
        'door' AS method, 'c' || (p % 997) AS canvasser_id, 'van:' || made_up(p, 'report') AS report_id,
        ['contacted', 'not_home', 'not_home', 'left_message', 'refused']
            [1 + CAST(floor(5 * chance(p, 'outcome')) AS INTEGER)] AS outcome,
        1 + CAST(floor(5 * chance(p, 'support')) AS INTEGER) AS support
    FROM everybody WHERE chance(p, 'knock') < 0.003 * lively
), invited AS (
    SELECT p, 'rsvp.made' AS type, moment(9 + 12 * chance(p, 'rsvp at')) AS time,
        'ev' || getvariable('day') AS event_id FROM everybody WHERE chance(p, 'rsvp') < 0.0008 * lively
), happened AS (
    SELECT *, made_up(p, type || coalesce(machine, false)) AS id, 'digital/mailer' AS source FROM mail
    UNION ALL BY NAME SELECT *, made_up(p, type) AS id, 'digital/mailer' AS source FROM unsubscribed
    UNION ALL BY NAME SELECT *, made_up(p, type) AS id, 'mobilisation/textbank' AS source FROM texts
    UNION ALL BY NAME SELECT *, made_up(p, type) AS id, 'finance/actblue' AS source FROM gifts
    UNION ALL BY NAME SELECT *, made_up(p, type) AS id, 'field/van' AS source FROM reports
    UNION ALL BY NAME SELECT *, made_up(p, type) AS id, 'events/mobilize' AS source FROM invited
    UNION ALL BY NAME SELECT p, 'interaction.retracted' AS type, least(time + 3600000, moment(24)) AS time,
        'finance/actblue' AS source, made_up(p, 'back') AS id, source AS retracts_source, made_up(p, type) AS retracts_id
        FROM (SELECT *, 'finance/actblue' AS source FROM gifts) WHERE chance(p, 'back') < 0.01
), heard AS (
    SELECT *, least(greatest(time, midnight()) + CAST(5000 * chance(p, type) AS BIGINT), moment(24)) AS appended FROM happened
    UNION ALL SELECT *, least(greatest(time, midnight()) + 7200000, moment(24)) AS appended
        FROM happened WHERE chance(p, type || 'again') < 0.005
), named AS (
    SELECT *,
        split_part(source, '/', 1) AS team,
        CASE WHEN p % 10 = 0 THEN 'voter:' || called(p, 'voter') END AS voter_id,
        CASE WHEN p % 10 IN (1, 2) THEN 'external:' || called(p, 'van') END AS van,
        CASE WHEN p % 10 > 0 OR type LIKE 'email%' THEN 'email:' || called(p, 'email') END AS email,
        CASE WHEN type LIKE 'text%' THEN 'phone:' || called(p, 'phone') END AS phone,
        ['US-OH', 'US-PA', 'US-WI', 'US-MI', 'US-NV', 'US-AZ'][1 + p % 6] AS region,
        CASE WHEN type LIKE 'email%' THEN 'gmail' END AS mailbox,
        CASE WHEN p % 10 = 0 THEN 'OH' END AS voter_state
    FROM heard
), written AS (
    SELECT *, coalesce(voter_id, van, email) AS fragment, concat(
        '{"specversion":"1.0","id":"', id, '","source":"', source, '","type":"', type, '","time":"',
        strftime(make_timestamp(time * 1000), '%Y-%m-%dT%H:%M:%S.%gZ'), '","data":{"contact":{',
        '"voter_id":"' || voter_id || '",', '"external":{"van":"' || van || '"},', '"email":"' || email || '",',
        '"phone":"' || phone || '",', '"region":"', region, '"', ',"mailbox":"' || mailbox || '"',
        ',"voter_state":"' || voter_state || '"', '},',
        '"campaign_id":"' || campaign_id || '",', '"message_id":"' || message_id || '",',
        '"purpose":"' || purpose || '",', '"list_id":"' || list_id || '",', '"sender":"' || sender || '",',
        '"kind":"' || kind || '",', '"user_agent":"' || user_agent || '",', '"machine":' || machine || ',',
        '"url":"' || url || '",', '"donation_id":"' || donation_id || '",', '"amount":' || amount || ',',
        '"currency":"' || currency || '",', '"period":"' || period || '",', '"committee":"' || committee || '",',
        '"refcode":"' || refcode || '",', '"method":"' || method || '",', '"outcome":"' || outcome || '",',
        '"report_id":"' || report_id || '",', '"canvasser_id":"' || canvasser_id || '",', '"support":' || support || ',',
        '"event_id":"' || event_id || '",',
        '"retracts":{"source":"' || retracts_source || '","id":"' || retracts_id || '"},',
        '"team":"', team, '"}}') AS event
    FROM named
), kept AS (SELECT *, CAST(hash(fragment) % 8 AS INTEGER) AS partition FROM written)
SELECT * EXCLUDE (p, van, event), event::BLOB AS event, 'invented-' || getvariable('seed') AS topic_id,
    appended AS appended_at,
    getvariable('day') * 100000000 + row_number() OVER (PARTITION BY partition ORDER BY appended, id)
        AS "offset",
    CASE WHEN van IS NOT NULL THEN MAP {'van': van} END AS external,
    concat('date=', strftime(make_timestamp(time * 1000), '%Y-%m-%d'), '/type=', type) AS folder
FROM kept
ORDER BY partition, "offset";
