// Shortcodes that appear in the chat of a team at work, not the whole of Unicode. An unknown code stays text.

const TABLE = `
smile 😄|smiley 😃|grinning 😀|grin 😁|laughing 😆|joy 😂|rofl 🤣|slightly_smiling_face 🙂|wink 😉|blush 😊|innocent 😇
heart_eyes 😍|sunglasses 😎|thinking 🤔|thinking_face 🤔|neutral_face 😐|confused 😕|worried 😟|slightly_frowning_face 🙁
cry 😢|sob 😭|scream 😱|angry 😠|rage 😡|sleeping 😴|zzz 💤|sweat_smile 😅|relieved 😌|nerd_face 🤓|shrug 🤷
face_with_thermometer 🤒|mask 😷|hugs 🤗|robot 🤖|robot_face 🤖|ghost 👻|wave 👋|hand ✋|raised_hand ✋|ok_hand 👌|+1 👍|thumbsup 👍
-1 👎|thumbsdown 👎|clap 👏|raised_hands 🙌|pray 🙏|handshake 🤝|muscle 💪|point_right 👉|point_left 👈|point_up ☝️
point_down 👇|eyes 👀|brain 🧠|bust_in_silhouette 👤|busts_in_silhouette 👥|heart ❤️|broken_heart 💔|sparkles ✨|star ⭐
star2 🌟|fire 🔥|tada 🎉|confetti_ball 🎊|gift 🎁|birthday 🎂|cake 🍰|coffee ☕|tea 🍵|beer 🍺|pizza 🍕|hamburger 🍔
fork_and_knife 🍴|apple 🍎|white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌|negative_squared_cross_mark ❎
heavy_plus_sign ➕|heavy_minus_sign ➖|exclamation ❗|question ❓|grey_question ❔|bangbang ‼️|warning ⚠️|no_entry ⛔
no_entry_sign 🚫|stop_sign 🛑|rotating_light 🚨|construction 🚧|information_source ℹ️|red_circle 🔴|large_blue_circle 🔵
large_green_circle 🟢|green_circle 🟢|large_yellow_circle 🟡|yellow_circle 🟡|orange_circle 🟠|white_circle ⚪|black_circle ⚫
large_orange_diamond 🔶|small_blue_diamond 🔹|calendar 📆|date 📅|spiral_calendar 🗓️|spiral_calendar_pad 🗓️|clock1 🕐
clock3 🕒|clock9 🕘|clock12 🕛|alarm_clock ⏰|stopwatch ⏱️|timer_clock ⏲️|hourglass ⌛|hourglass_flowing_sand ⏳|watch ⌚
bell 🔔|no_bell 🔕|mega 📣|loudspeaker 📢|speech_balloon 💬|thought_balloon 💭|email 📧|envelope ✉️|incoming_envelope 📨
inbox_tray 📥|outbox_tray 📤|mailbox 📫|memo 📝|pencil 📝|pencil2 ✏️|clipboard 📋|bar_chart 📊|chart_with_upwards_trend 📈
chart_with_downwards_trend 📉|page_facing_up 📄|bookmark_tabs 📑|bookmark 🔖|book 📖|books 📚|notebook 📓|file_folder 📁
open_file_folder 📂|card_index 📇|paperclip 📎|pushpin 📌|round_pushpin 📍|scissors ✂️|wastebasket 🗑️|lock 🔒|unlock 🔓
key 🔑|old_key 🗝️|closed_lock_with_key 🔐|hammer 🔨|wrench 🔧|hammer_and_wrench 🛠️|tools 🛠️|gear ⚙️|link 🔗|mag 🔍|bulb 💡
electric_plug 🔌|battery 🔋|zap ⚡|computer 💻|desktop_computer 🖥️|iphone 📱|phone ☎️|telephone_receiver 📞|headphones 🎧
microphone 🎤|movie_camera 🎥|camera 📷|tv 📺|satellite 📡|house 🏠|office 🏢|hospital 🏥|school 🏫|car 🚗|bus 🚌|truck 🚚
tractor 🚜|train 🚆|airplane ✈️|rocket 🚀|bike 🚲|walking 🚶|running 🏃|palm_tree 🌴|beach 🏖️|beach_umbrella 🏖️|desert_island 🏝️
evergreen_tree 🌲|sunny ☀️|partly_sunny ⛅|cloud ☁️|rain_cloud 🌧️|snowflake ❄️|umbrella ☔|rainbow 🌈|crescent_moon 🌙|earth_africa 🌍
globe_with_meridians 🌐|arrow_right ➡️|arrow_left ⬅️|arrow_up ⬆️|arrow_down ⬇️|arrows_counterclockwise 🔄|repeat 🔁|back 🔙
soon 🔜|fast_forward ⏩|play_or_pause_button ⏯️|track_next ⏭️|new 🆕|ok 🆗|100 💯|one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣
herb 🌿|seedling 🌱|dog 🐶|cat 🐱|bug 🐛|bee 🐝|money_with_wings 💸|moneybag 💰|trophy 🏆|medal 🏅|dart 🎯|art 🎨|game_die 🎲
checkered_flag 🏁|triangular_flag_on_post 🚩|white_flag 🏳️|ru 🇷🇺|gb 🇬🇧|us 🇺🇸`;

export const EMOJI = new Map(
  TABLE.trim().split(/[|\n]/).map((pair) => pair.trim().split(" ")),
);

export function emoji(name) {
  return EMOJI.get(String(name ?? "").replaceAll(":", "")) ?? null;
}
