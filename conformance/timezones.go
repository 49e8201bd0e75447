package conformance

// testTimeZones checks time zones, with the server's own data.
func testTimeZones(a *area) {
	a.run("Conversion", func(s *session) {
		s.exec(`SET timezone = 'America/New_York'; SET datestyle = ISO`)
		s.want(`SELECT '2024-03-10 06:59:59+00'::timestamptz, '2024-03-10 07:00:00+00'::timestamptz, '2024-03-10 02:30:00'::timestamptz`, "2024-03-10 01:59:59-05|2024-03-10 03:00:00-04|2024-03-10 03:30:00-04")
		s.want(`SELECT '2024-11-03 01:30:00'::timestamptz, '2024-11-03 01:30:00 EDT'::timestamptz, '2024-11-03 00:00'::timestamptz + interval '1 day', '2024-11-03 00:00'::timestamptz + interval '24 hours'`,
			"2024-11-03 01:30:00-05|2024-11-03 01:30:00-04|2024-11-04 00:00:00-05|2024-11-03 23:00:00-05")
		s.want(`SELECT '1883-11-18 12:00:00'::timestamptz AT TIME ZONE 'UTC', '2024-01-01 00:00 Asia/Kathmandu'::timestamptz AT TIME ZONE 'UTC'`, "1883-11-18 17:00:00|2023-12-31 18:15:00")
	})
	a.run("Names", func(s *session) {
		s.want(`SELECT count(*) > 400 FROM pg_timezone_names`, "t")
		s.want(`SELECT abbrev, utc_offset, is_dst FROM pg_timezone_names WHERE name = 'Asia/Kolkata'`, "IST|05:30:00|f")
		s.want(`SELECT count(*) > 100 FROM pg_timezone_abbrevs`, "t")
		for _, zone := range []string{"UTC", "Europe/Berlin", "Asia/Tokyo", "America/Argentina/Buenos_Aires", "Pacific/Chatham", "Etc/GMT+5", "EST5EDT"} {
			s.exec(`SET timezone = '` + zone + `'`)
			s.want(`SHOW timezone`, zone)
		}
		s.fails("22023", `SET timezone = 'Mars/Olympus'`)
	})
	a.run("Forms", func(s *session) {
		s.exec(`SET TIME ZONE -7`)
		s.want(`SELECT '2024-01-01 00:00:00+00'::timestamptz`, "2023-12-31 17:00:00-07")
		s.exec(`SET TIME ZONE INTERVAL '+05:30' HOUR TO MINUTE`)
		s.want(`SELECT '2024-01-01 00:00:00+00'::timestamptz`, "2024-01-01 05:30:00+05:30")
		s.exec(`SET TIME ZONE 'FOO-3'`)
		s.want(`SELECT '2024-01-01 00:00:00+00'::timestamptz`, "2024-01-01 03:00:00+03")
		s.exec(`SET TIME ZONE LOCAL; SET TIME ZONE DEFAULT; SET timezone = 'UTC'`)
		s.want(`SELECT now() AT TIME ZONE 'UTC' = now()::timestamp, current_setting('timezone')`, "t|UTC")
		s.want(`SELECT timezone(interval '-03:00', '2024-01-01 12:00+00'::timestamptz), '2024-07-01 12:00+00'::timestamptz AT TIME ZONE 'Europe/Paris'`, "2024-01-01 09:00:00|2024-07-01 14:00:00")
	})
	a.run("DateStyles", func(s *session) {
		s.exec(`SET timezone = 'Europe/Paris'`)
		for style, text := range map[string]string{
			"ISO": "2024-02-01 13:00:00+01", "SQL, DMY": "01/02/2024 13:00:00 CET", "SQL, MDY": "02/01/2024 13:00:00 CET",
			"German": "01.02.2024 13:00:00 CET", "Postgres, MDY": "Thu Feb 01 13:00:00 2024 CET",
		} {
			s.exec(`SET datestyle = '` + style + `'`)
			s.want(`SELECT make_timestamptz(2024, 2, 1, 12, 0, 0, 'UTC')`, text)
		}
		for style, text := range map[string]string{
			"postgres": "1 year 2 mons 3 days 04:05:06", "iso_8601": "P1Y2M3DT4H5M6S", "sql_standard": "+1-2 +3 +4:05:06",
			"postgres_verbose": "@ 1 year 2 mons 3 days 4 hours 5 mins 6 secs",
		} {
			s.exec(`SET intervalstyle = '` + style + `'`)
			s.want(`SELECT make_interval(1, 2, 0, 3, 4, 5, 6)`, text)
		}
		s.exec(`SET datestyle = 'ISO, DMY'`)
		s.want(`SELECT '1/2/2024'::date`, "2024-02-01")
		s.exec(`SET datestyle = 'ISO, YMD'`)
		s.fails("22008", `SELECT '13/13/2024'::date`)
	})
	a.run("Clock", func(s *session) {
		s.want(`SELECT clock_timestamp() > '2024-01-01', clock_timestamp() < '2200-01-01', pg_postmaster_start_time() <= clock_timestamp()`, "t|t|t")
		s.want(`SELECT abs(extract(epoch FROM localtimestamp - current_timestamp AT TIME ZONE current_setting('timezone'))) < 0.001, current_date = now()::date`, "t|t")
	})
}
