package icudata

import "strings"

// untailored are the locales of Unicode's CLDR 46 whose order is that of the root collation: a language, and what may
// follow it.
const untailored = `
	agq CM; ak GH; asa TZ; ast ES; bas CM; bem ZM; bez TZ; bgc IN; bho IN; blo BJ; bm ML; brx IN; ca AD ES FR IT; ccp
	BD IN; ce RU; cgg UG; ckb IQ IR; csw CA; cv RU; dav KE; de AT BE CH DE IT LI LU; dje NE; doi IN; dua CM; dyo SN; dz
	BT; ebu KE; en 001 150 AE AG AI AS AT AU BB BE BI BM BS BW BZ CA CC CH CK CM CX CY DE DG DK DM ER FI FJ FK FM GB GD
	GG GH GI GM GU GY HK ID IE IL IM IN IO JE JM KE KI KN KY LC LR LS MG MH MO MP MS MT MU MV MW MY NA NF NG NL NR NU
	NZ PG PH PK PN PR PW RW SB SC SD SE SG SH SI SL SS SX SZ TC TK TO TT TV TZ UG UM US VC VG VI VU WS ZA ZM ZW; eu ES;
	ewo CM; ff Latn Latn_BF Latn_CM Latn_GH Latn_GM Latn_GN Latn_GW Latn_LR Latn_MR Latn_NE Latn_NG Latn_SL Latn_SN; fr
	BE BF BI BJ BL CD CF CG CH CI CM DJ DZ FR GA GF GN GP GQ HT KM LU MA MC MF MG ML MQ MR MU NC NE PF PM RE RW SC SN
	SY TD TG TN VU WF YT; fur IT; ga GB IE; gaa GH; gd GB; gsw CH FR LI; guz KE; gv IM; ia 001; id ID; ie EE; ii CN; it
	CH IT SM VA; jgo CM; jmc TZ; jv ID; kab DZ; kam KE; kde TZ; kea CV; kgp BR; khq ML; ki KE; kkj CM; kln KE; ks Arab
	Arab_IN Deva Deva_IN; ksb TZ; ksf CM; ksh DE; kw GB; kxv Deva Deva_IN Latn Latn_IN Orya Orya_IN Telu Telu_IN; lag
	TZ; lb LU; lg UG; lij IT; lmo IT; lrc IQ IR; lu CD; luo KE; luy KE; mai IN; mas KE TZ; mer KE; mfe MU; mg MG; mgh
	MZ; mgo CM; mi NZ; mni Beng Beng_IN; ms BN ID MY SG; mua CM; mzn IR; naq NA; nd ZW; nds DE NL; nl AW BE BQ CW NL SR
	SX; nmg CM; nnh CM; nqo GN; nus SS; nyn UG; oc ES FR; os GE RU; pcm NG; prg PL; pt AO BR CH CV GQ GW LU MO MZ PT ST
	TL; qu BO EC PE; raj IN; rm CH; rn BI; rof TZ; rw RW; rwk TZ; sa IN; sah RU; saq KE; sat Olck Olck_IN; sbp TZ; sc
	IT; sd Arab Arab_PK Deva Deva_IN; seh MZ; ses ML; sg CF; shi Latn Latn_MA Tfng Tfng_MA; sn ZW; so DJ ET KE SO; st
	LS ZA; su Latn Latn_ID; sw CD KE TZ UG; syr IQ SY; szl PL; teo KE UG; tg TJ; ti ER ET; tok 001; tt RU; twq NE; tzm
	MA; vai Latn Latn_LR Vaii Vaii_LR; vec IT; vmw MZ; vun TZ; wae CH; xh ZA; xnr IN; xog UG; yav CM; yrl BR CO VE; za
	CN; zgh MA; zu ZA`

// installed are the locales that ICU knows, as its res_index lists them. PostgreSQL takes them for languages that exist,
// and initdb makes a collation of each, such as "de-DE-x-icu".
func installed() table {
	t := table{}
	for list := range strings.SplitSeq(untailored, ";") {
		names := strings.Fields(list)
		t[names[0]] = ""
		for _, name := range names[1:] {
			t[names[0]+"_"+name] = ""
		}
	}
	return t
}
