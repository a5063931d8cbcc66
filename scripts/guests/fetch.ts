/**
 * `npm run -s guests:fetch -- linux-6.1 [FOLDER]`: fetches a guest of Debian's archive and prints where it is. Nothing is
 * installed; FOLDER is outside the project, by default in the system's folder for temporary files.
 */
import { FetchError } from './debian.js'
import { GUESTS, guestFile, IMAGE_NAMES, type ImageName } from './images.js'

const [name, folder = GUESTS] = process.argv.slice(2)
if (!name || !(IMAGE_NAMES as string[]).includes(name)) {
  console.error(`fetch ${JSON.stringify(name ?? '')}; expected one of ${IMAGE_NAMES.join(', ')}`)
  process.exitCode = 2
} else {
  try {
    console.log(guestFile(name as ImageName, folder))
  } catch (error) {
    if (!(error instanceof FetchError)) throw error
    console.error(`Debian's archive: ${error.message}`)
    process.exitCode = 1
  }
}
