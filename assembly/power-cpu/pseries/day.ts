/** Days of the Gregorian calendar, counted from 1970-01-01: the proleptic calendar in integers. */

/** 400 years, and the days from 0000-03-01 to 1970-01-01. */
const ERA_DAYS: i64 = 146097
const TO_1970: i64 = 719468

function floor_div(a: i64, b: i64): i64 { return a >= 0 ? a / b : (a - b + 1) / b }

/** The day of a date; months 1 to 12, and days beyond the month's end go on into the next one. */
export function day_of(year: i64, month: i64, day: i64): i64 {
  // Years that begin in March have their leap day last.
  const y = month <= 2 ? year - 1 : year
  const era = floor_div(y, 400)
  const year_of_era = y - era * 400
  const day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
  return era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - TO_1970
}

/** Year << 16 | month << 8 | day of a day. */
export function date_of(days: i64): i64 {
  const from_era = days + TO_1970
  const era = floor_div(from_era, ERA_DAYS)
  const day = from_era - era * ERA_DAYS
  const year_of_era = (day - day / 1460 + day / 36524 - day / 146096) / 365
  const day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100)
  const from_march = (5 * day_of_year + 2) / 153
  const month = from_march < 10 ? from_march + 3 : from_march - 9
  const year = year_of_era + era * 400 + (month <= 2 ? 1 : 0)
  return (year << 16) | (month << 8) | (day_of_year - (153 * from_march + 2) / 5 + 1)
}
